import type { Severity } from '@assay/core'

/**
 * Whether somebody still has to look at it: `open`, `acknowledged` by a person, or `resolved` by a
 * person or by the monitor itself.
 */
export type MonitoringEventStatus = 'open' | 'acknowledged' | 'resolved'

/** A stored finding, as people work on it. */
export interface MonitoringEvent {
  /** Grows with each event. */
  readonly eventId: string
  readonly fingerprint: string
  /** The rule that found it, such as `balance.negative`. */
  readonly type: string
  readonly severity: Severity
  /** The card or account; the source where it is about one. */
  readonly cardId: string
  /** The transactions or scans that show it, oldest first. */
  readonly transactionIds: readonly string[]
  readonly amountMinor: bigint | null
  readonly currency: string | null
  /** The rule with its version: `balance.negative@1`. */
  readonly algorithm: string
  /** From 0 to 1. */
  readonly confidence: number
  /** The figures that led to it. */
  readonly eventData: Readonly<Record<string, string | number | boolean | null>>
  readonly status: MonitoringEventStatus
  /** When it happened, in epoch milliseconds. */
  readonly eventTime: number
  /** When it was stored. */
  readonly detectedAt: number
  readonly updatedAt: number
  /** Who took it on, and when. */
  readonly acknowledgedBy: string | null
  readonly acknowledgedAt: number | null
  /** What was noted then; what the next one notes takes its place. */
  readonly acknowledgementNotes: string | null
  /** Who ended it; `null` where the monitor did. */
  readonly resolvedBy: string | null
  readonly resolvedAt: number | null
  /** What was noted then. */
  readonly resolutionNotes: string | null
}
