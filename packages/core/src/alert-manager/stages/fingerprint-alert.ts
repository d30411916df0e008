import { type Alert, type AlertIdentity, fingerprintOfAlert } from '../../alerts/alert.ts'
import { InvalidOptionError } from '../../errors/invalid-option-error.ts'
import type { ResolvedAlertLimits } from '../alert-limits.ts'
import { isRecord } from '../policy/assert-shape.ts'
import { severityRank } from '../severity-rank.ts'

/** An alert as it is kept: a copy within the limits, under the name of the whole. */
export interface FingerprintedAlert {
  readonly fingerprint: string
  readonly alert: Alert
}

/**
 * The first stage: names an alert and makes a copy that fits the limits. What is too long is cut and
 * never refused, because whoever can choose a label could otherwise keep an alert from being heard.
 * The name is made of the whole, so that two alerts that differ only in what was cut stay two.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION` when it is no alert, which is a bug of the caller
 */
export function fingerprintAlert(alert: Alert, limits: ResolvedAlertLimits): FingerprintedAlert {
  assertAlert(alert)
  const { labelLength, textLength } = limits
  return {
    fingerprint: fingerprintOfAlert(alert),
    alert: {
      name: fit(alert.name, labelLength),
      severity: alert.severity,
      labels: fitLabels(alert.labels, limits),
      summary: fit(alert.summary, textLength),
      description: fitOptional(alert.description, textLength),
      runbookUrl: fitOptional(alert.runbookUrl, textLength),
      value: Number.isFinite(alert.value) ? alert.value : undefined,
      startsAt: alert.startsAt,
      source: fit(alert.source, labelLength),
    },
  }
}

/**
 * Names the alert that an identity stands for.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION` when it is none, which is a bug of the caller
 */
export function fingerprintIdentity(operation: string, identity: AlertIdentity): string {
  assertIdentity(operation, identity)
  return fingerprintOfAlert(identity)
}

function assertAlert(alert: Alert): void {
  assertIdentity('fire', alert)
  const { severity, summary, source, description, runbookUrl, startsAt } = alert
  if (!Object.hasOwn(severityRank, severity)) {
    throw invalid('severity', '`critical`, `high`, `medium` or `low`')
  }
  if (typeof summary !== 'string') throw invalid('summary', 'a text')
  if (typeof source !== 'string') throw invalid('source', 'a text')
  if (description !== undefined && typeof description !== 'string') {
    throw invalid('description', 'a text, or left out')
  }
  if (runbookUrl !== undefined && typeof runbookUrl !== 'string') {
    throw invalid('runbookUrl', 'a text, or left out')
  }
  if (!Number.isFinite(startsAt)) throw invalid('startsAt', 'a moment in epoch milliseconds')
}

function assertIdentity(operation: string, identity: AlertIdentity): void {
  if (!isRecord(identity)) throw new InvalidOptionError(operation, 'alert', 'an alert')
  const { name, labels } = identity
  if (typeof name !== 'string' || name === '') {
    throw new InvalidOptionError(operation, 'name', 'a text')
  }
  if (!isRecord(labels)) throw new InvalidOptionError(operation, 'labels', 'texts by name')
  for (const label in labels) {
    if (typeof labels[label] !== 'string') {
      throw new InvalidOptionError(operation, 'labels', 'texts by name')
    }
  }
}

function invalid(option: string, requirement: string): InvalidOptionError {
  return new InvalidOptionError('fire', option, requirement)
}

function fitLabels(
  labels: Alert['labels'],
  { labels: countMax, labelLength }: ResolvedAlertLimits,
): Alert['labels'] {
  let count = 0
  let isFit = true
  for (const name in labels) {
    const value = labels[name] ?? ''
    count += 1
    isFit &&= isFitting(name, labelLength) && isFitting(value, labelLength)
  }
  if (isFit && count <= countMax) return { ...labels }

  const entries = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const fitted = entries
    .slice(0, countMax)
    .map(([name, value]) => [fit(name, labelLength), fit(value, labelLength)])
  return Object.fromEntries(fitted) as Alert['labels']
}

function fitOptional(text: string | undefined, lengthMax: number): string | undefined {
  return text === undefined ? undefined : fit(text, lengthMax)
}

/** PostgreSQL keeps neither NUL nor half a surrogate pair, and one such alert would stop the rest. */
function fit(text: string, lengthMax: number): string {
  if (isFitting(text, lengthMax)) return text
  return text.slice(0, lengthMax).replaceAll('\0', '\uFFFD').toWellFormed()
}

function isFitting(text: string, lengthMax: number): boolean {
  return text.length <= lengthMax && !text.includes('\0') && text.isWellFormed()
}
