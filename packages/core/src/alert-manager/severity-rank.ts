import type { Severity } from '../alerts/severity.ts'

/** All severities, from the worst down. */
export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low']

/** 0 for the worst, so that ascending order is the order in which people care. */
export const severityRank: Readonly<Record<Severity, number>> = {
  critical: 0,
  high: 1,
  medium: 2,
  low: 3,
}

/** The worst severity of some alerts; `undefined` where there are none. */
export function worstSeverity(
  alerts: Iterable<{ readonly severity: Severity }>,
): Severity | undefined {
  let worst: Severity | undefined
  for (const { severity } of alerts) {
    if (worst === undefined || severityRank[severity] < severityRank[worst]) worst = severity
  }
  return worst
}
