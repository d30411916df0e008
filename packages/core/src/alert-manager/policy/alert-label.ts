import type { Alert } from '../../alerts/alert.ts'

/** What matchers and groups can see of an alert. */
export type LabelledAlert = Pick<Alert, 'name' | 'labels' | 'severity' | 'source'>

/**
 * The value of a label, as Prometheus sees the alert: `alertname`, `severity` and `source` are the
 * alert's own, whatever its labels say, and a label that is missing is empty.
 */
export function alertLabel(alert: LabelledAlert, label: string): string {
  switch (label) {
    case 'alertname':
      return alert.name
    case 'severity':
      return alert.severity
    case 'source':
      return alert.source
    default:
      return Object.hasOwn(alert.labels, label) ? (alert.labels[label] ?? '') : ''
  }
}
