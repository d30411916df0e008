/** An alert of a notification, as `@assay/core` has it. */
export interface SampleAlert {
  readonly name: string
  readonly severity: 'critical' | 'high' | 'medium' | 'low'
  readonly labels: Readonly<Record<string, string>>
  readonly summary: string
  readonly description?: string | undefined
  readonly runbookUrl?: string | undefined
  readonly value?: number | undefined
  readonly startsAt: number
  readonly source: string
  readonly fingerprint: string
  readonly status: 'firing' | 'resolved'
  readonly endsAt: number | null
}

/** A notification, as `@assay/core` has it. */
export interface SampleNotification {
  readonly id: string
  readonly reason:
    | 'firing'
    | 'resolved-members'
    | 'resolved'
    | 'repeat'
    | 'escalation'
    | 'acknowledged'
  readonly status: 'firing' | 'resolved'
  readonly receiver: string
  readonly groupKey: string
  readonly groupLabels: Readonly<Record<string, string>>
  readonly commonLabels: Readonly<Record<string, string>>
  readonly severity: 'critical' | 'high' | 'medium' | 'low'
  readonly alerts: readonly SampleAlert[]
  readonly omittedAlertCount: number
  readonly acknowledgedBy?: string | undefined
  readonly escalationLevel: number
  readonly at: number
}

const AT = Date.UTC(2026, 4, 1, 9, 30)

/** A firing alert; each field may be replaced. */
export function sampleAlert(fields: Partial<SampleAlert> = {}): SampleAlert {
  return {
    name: 'OracleServiceDown',
    severity: 'critical',
    labels: { market: 'm-7' },
    summary: 'The oracle has not answered for 2 minutes.',
    startsAt: AT,
    source: 'oracle',
    fingerprint: 'OracleServiceDown:market:m-7',
    status: 'firing',
    endsAt: null,
    ...fields,
  }
}

/** A notification of one firing alert; each field may be replaced. */
export function sampleNotification(fields: Partial<SampleNotification> = {}): SampleNotification {
  return {
    id: 'n-1',
    reason: 'firing',
    status: 'firing',
    receiver: 'oncall',
    groupKey: 'OracleServiceDown:m-7',
    groupLabels: { market: 'm-7' },
    commonLabels: { market: 'm-7' },
    severity: 'critical',
    alerts: [sampleAlert()],
    omittedAlertCount: 0,
    escalationLevel: 0,
    at: AT,
    ...fields,
  }
}
