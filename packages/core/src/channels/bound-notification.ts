import { fingerprintOfKey } from '../alert-deduplicator/alert-fingerprint.ts'
import type { AlertNotification, NotifiedAlert } from '../alerts/alert-notification.ts'
import { cleanLine, cleanText } from './fit-text.ts'

/** Labels that a set of them keeps, the first by name. */
const LABELS_MAX = 50
/** In UTF-16 code units. */
const LENGTH_MAX = {
  name: 200,
  summary: 1_000,
  description: 8_000,
  source: 200,
  url: 2_000,
  labelName: 128,
  labelValue: 1_024,
  person: 200,
}
/** The last moment of the year 9999: RFC 3339 ends there, and so does what receivers can read. */
const MOMENT_MAX = 253_402_300_799_999

/**
 * The notification as any receiver can take it, whatever its alerts were made of: a stated number of
 * alerts and labels, each text clean and of a stated length, moments that a calendar has, and links
 * that are links. All channels write from this, and cut further where their vendor wants less.
 *
 * @param alertsMax how many alerts to keep; the rest adds to `omittedAlertCount`
 */
export function boundNotification(
  notification: AlertNotification,
  alertsMax: number,
): AlertNotification {
  const at = boundMoment(notification.at, 0)
  const alerts = notification.alerts.slice(0, alertsMax).map((alert) => boundAlert(alert, at))
  return {
    ...notification,
    id: fingerprintOfKey(notification.id),
    groupKey: fingerprintOfKey(notification.groupKey),
    receiver: cleanLine(notification.receiver, LENGTH_MAX.name),
    groupLabels: boundLabels(notification.groupLabels),
    commonLabels: boundLabels(notification.commonLabels),
    alerts,
    omittedAlertCount: notification.omittedAlertCount + notification.alerts.length - alerts.length,
    acknowledgedBy: cleanLine(notification.acknowledgedBy ?? '', LENGTH_MAX.person) || undefined,
    at,
  }
}

/** One alert as any receiver can take it. */
export function boundAlert(alert: NotifiedAlert, now: number): NotifiedAlert {
  const startsAt = boundMoment(alert.startsAt, now)
  return {
    ...alert,
    name: cleanLine(alert.name, LENGTH_MAX.name) || 'UnnamedAlert',
    labels: boundLabels(alert.labels),
    summary: cleanLine(alert.summary, LENGTH_MAX.summary),
    description: cleanText(alert.description ?? '', LENGTH_MAX.description) || undefined,
    runbookUrl: boundUrl(alert.runbookUrl),
    source: cleanLine(alert.source, LENGTH_MAX.source) || 'unknown',
    fingerprint: fingerprintOfKey(alert.fingerprint),
    startsAt,
    endsAt:
      alert.status === 'firing' ? null : Math.max(startsAt, boundMoment(alert.endsAt ?? now, now)),
  }
}

function boundLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, LABELS_MAX)
      .map(([name, value]) => [
        cleanLine(name, LENGTH_MAX.labelName),
        cleanText(value, LENGTH_MAX.labelValue),
      ]),
  )
}

/** The link as a parser writes it, escaped; nothing for what is no link. */
function boundUrl(url: string | undefined): string | undefined {
  if (url === undefined || url.length > LENGTH_MAX.url) return undefined
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return undefined
  // The parser has escaped all that ends a link, but for what ends one in Slack's markup.
  const href = parsed.href.replaceAll('|', '%7C')
  return href.length > LENGTH_MAX.url ? undefined : href
}

function boundMoment(epochMs: number, fallback: number): number {
  return Number.isFinite(epochMs) ? Math.min(Math.max(epochMs, 0), MOMENT_MAX) : fallback
}
