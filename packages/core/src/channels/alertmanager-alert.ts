import type { NotifiedAlert } from '../alerts/alert-notification.ts'
import { formatTimestamp } from '../runtime/format-timestamp.ts'
import { boundAlert } from './bound-notification.ts'
import { annotationsOf } from './webhook-payload.ts'

/** An alert as `/api/v2/alerts` takes it. */
export interface AlertmanagerAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** RFC 3339, as `endsAt` is; never after it. */
  readonly startsAt: string
  readonly endsAt: string
}

/** An alert in the terms of the Alertmanager, but for its end while it fires. */
export interface AlertmanagerRecord {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Epoch milliseconds, as `endsAt` is. */
  readonly startsAt: number
  readonly endsAt: number | null
}

/** Keeps an alert apart from others when a label of it had to be altered. */
const FINGERPRINT_LABEL = 'assay_fingerprint'

/**
 * The alert in the terms of the Alertmanager, which refuses label names that are not
 * `[a-zA-Z_][a-zA-Z0-9_]*`, ignores empty values, and knows an alert by its labels alone.
 *
 * @param now epoch milliseconds, for an alert that does not know when it began or ended
 */
export function alertmanagerRecord(alert: NotifiedAlert, now: number): AlertmanagerRecord {
  const bounded = boundAlert(alert, now)
  const labels: Readonly<Record<string, string>> = {
    ...Object.fromEntries(
      Object.entries(bounded.labels).map(([name, value]) => [labelNameOf(name), value]),
    ),
    alertname: bounded.name,
    severity: bounded.severity,
  }
  const isUnaltered =
    bounded.name === alert.name &&
    Object.entries(alert.labels).every(([name, value]) => labels[name] === value)
  return {
    labels: isUnaltered ? labels : { ...labels, [FINGERPRINT_LABEL]: bounded.fingerprint },
    annotations: annotationsOf(bounded),
    startsAt: bounded.startsAt,
    endsAt: bounded.endsAt,
  }
}

/** @param firingUntil until when it fires if nobody sends it again, in epoch milliseconds */
export function alertmanagerAlert(
  { labels, annotations, startsAt, endsAt }: AlertmanagerRecord,
  firingUntil: number,
): AlertmanagerAlert {
  return {
    labels,
    annotations,
    startsAt: formatTimestamp(startsAt),
    // The Alertmanager refuses an end before the start.
    endsAt: formatTimestamp(Math.max(endsAt ?? firingUntil, startsAt)),
  }
}

function labelNameOf(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d|$)/, '_')
}
