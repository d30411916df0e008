import type {
  AlertNotification,
  NotifiedAlert,
} from '../packages/core/src/alerts/alert-notification.ts'

const AT = Date.UTC(2026, 4, 1, 9, 30)

/** A firing alert; each field may be replaced. */
export function sampleAlert(fields: Partial<NotifiedAlert> = {}): NotifiedAlert {
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
export function sampleNotification(fields: Partial<AlertNotification> = {}): AlertNotification {
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
