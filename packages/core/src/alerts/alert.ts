import { alertFingerprint } from '../alert-deduplicator/alert-fingerprint.ts'
import type { Severity } from './severity.ts'

/**
 * Something that people may have to hear of. A finding of any package becomes one through a small
 * mapping. Two alerts with the same name and labels are the same alert at two moments.
 */
export interface Alert {
  /** What is wrong, in the form of a Prometheus alert name: `OracleServiceDown`. */
  readonly name: string
  readonly severity: Severity
  /** Which one is wrong. With the name, they are the alert's identity. */
  readonly labels: Readonly<Record<string, string>>
  /** One line for a person. */
  readonly summary: string
  /** More, for the person who has read the line. */
  readonly description?: string | undefined
  /** What to do about it. */
  readonly runbookUrl?: string | undefined
  /** The measured value that led to it. */
  readonly value?: number | undefined
  /** Since when it is so, in epoch milliseconds. Of an alert that is fired again the earliest counts. */
  readonly startsAt: number
  /** Who says so: the package, the rule or the job. */
  readonly source: string
}

/** What two alerts share when they are the same. */
export type AlertIdentity = Pick<Alert, 'name' | 'labels'>

/** The alert's identity as one text, the same in every process and whatever the order of its labels. */
export function fingerprintOfAlert({ name, labels }: AlertIdentity): string {
  const parts: [string, ...string[]] = [name]
  for (const label of Object.keys(labels).toSorted()) parts.push(label, labels[label] ?? '')
  return alertFingerprint(...parts)
}
