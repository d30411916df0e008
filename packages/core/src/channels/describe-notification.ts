import type { AlertNotification, NotifiedAlert } from '../alerts/alert-notification.ts'
import { formatTimestamp } from '../runtime/format-timestamp.ts'

/** What a notification says in one line: `CRITICAL OracleServiceDown: 2 firing, 1 resolved`. */
export function headlineOf(notification: AlertNotification): string {
  const { alerts, omittedAlertCount, severity, status } = notification
  const names = [...new Set(alerts.map(({ name }) => name))]
  const firing = alerts.filter((alert) => alert.status === 'firing').length
  const counts = [
    firing > 0 ? `${firing} firing` : '',
    firing < alerts.length ? `${alerts.length - firing} resolved` : '',
    omittedAlertCount > 0 ? `${omittedAlertCount} more` : '',
  ].filter((each) => each !== '')
  const what = names.length > 1 ? `${names[0]} and ${names.length - 1} other` : names[0]
  const label = status === 'resolved' ? 'RESOLVED' : severity.toUpperCase()
  return `${label} ${what ?? notification.receiver}: ${counts.join(', ') || 'no alerts'}`
}

/** Why the notification is sent, as a sentence. */
export function reasonSentenceOf(notification: AlertNotification): string {
  const { acknowledgedBy } = notification
  switch (notification.reason) {
    case 'firing':
      return 'New alerts fire.'
    case 'resolved-members':
      return 'Some alerts ended, others still fire.'
    case 'resolved':
      return 'All alerts ended.'
    case 'repeat':
      return 'Nothing has changed since the last notice.'
    case 'escalation':
      return `Nobody acknowledged it in time: escalation level ${notification.escalationLevel}.`
    case 'acknowledged':
      return acknowledgedBy ? `Acknowledged by ${acknowledgedBy}.` : 'Acknowledged.'
  }
}

/** How many alerts a message could not show; `undefined` where it shows all. */
export function omissionSentenceOf(count: number): string | undefined {
  if (count === 0) return undefined
  return count === 1 ? 'And 1 more alert.' : `And ${count} more alerts.`
}

/** The first line of an alert: what it is, and how bad. */
export function titleOf({ status, severity, name }: NotifiedAlert): string {
  return `${status === 'resolved' ? 'resolved' : severity.toUpperCase()} ${name}`
}

/** The other lines of an alert: the summary first, empty ones left out. */
export function linesOf(alert: NotifiedAlert): string[] {
  const { summary, description, labels, value, source, startsAt, endsAt } = alert
  const pairs = Object.entries(labels).map(([name, text]) => `${name}=${toLine(text)}`)
  const end = endsAt === null ? '' : `, ended ${formatTimestamp(endsAt)}`
  return [
    summary,
    description ?? '',
    value === undefined ? '' : `value: ${value}`,
    pairs.join(', '),
    `since ${formatTimestamp(startsAt)}${end}, from ${source}`,
  ].filter((line) => line !== '')
}

/** So that no label can look like a line of ours. */
function toLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}
