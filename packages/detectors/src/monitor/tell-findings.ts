import type { Alert, AlertManager } from '@assay/core'

import type { Finding } from '../detector/finding.ts'
import type { MonitorStore } from './monitor-store.ts'

/** The part of an alert manager that a monitor needs. */
export type FindingAlerts = Pick<AlertManager, 'fire' | 'resolve'>

/**
 * The alert of a finding: named after its rule, `balance.arithmetic` as `BalanceArithmetic`. Its labels
 * name the finding, so that every finding is an alert of its own, and the component `ledger`.
 *
 * @example
 * ```ts
 * import { alertOfFinding } from '@assay/detectors'
 *
 * const alert = alertOfFinding({
 *   fingerprint: 'balance.negative::card-7:tx-1',
 *   ruleId: 'balance.negative',
 *   ruleVersion: 1,
 *   severity: 'high',
 *   action: 'open',
 *   subject: 'card-7',
 *   transactionIds: ['tx-1'],
 *   eventTime: 1_749_895_200_000,
 *   confidence: 1,
 *   evidence: {},
 * })
 * console.log(alert.name) // BalanceNegative
 * ```
 */
export function alertOfFinding(finding: Finding): Alert {
  const { ruleId, fingerprint, severity, subject, amount, eventTime, evidence } = finding
  const money =
    amount === undefined ? '' : `, ${amount.amountMinor} minor units of ${amount.currency}`
  return {
    name: ruleId.replaceAll(/(?:^|[.-])(\w)/g, (_match, letter: string) => letter.toUpperCase()),
    severity,
    labels: { component: 'ledger', rule: ruleId, finding: fingerprint },
    summary: `${ruleId} on ${subject}${money}.`,
    description: Object.entries(evidence)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
    startsAt: eventTime,
    source: '@assay/detectors',
  }
}

/** What findings are handed on with. */
export interface TellFindingsOptions {
  readonly store: MonitorStore
  readonly alerts: FindingAlerts
  readonly toAlert: (finding: Finding) => Alert
}

/** The most findings that are handed on at once. */
const TOLD_AT_ONCE = 500

/**
 * Hands stored findings on to the alert manager: at least once each, also those of a process that died
 * between storing and telling. One that is refused stays, and is handed on again the next time.
 *
 * @returns how many were handed on
 */
export async function tellFindings({
  store,
  alerts,
  toAlert,
}: TellFindingsOptions): Promise<number> {
  const untold = await store.listUntold(TOLD_AT_ONCE)
  const told = await Promise.allSettled(
    untold.map(async ({ finding, revision }) => {
      const alert = toAlert(finding)
      if (finding.action === 'resolve') await alerts.resolve(alert)
      else if ((await alerts.fire(alert)).outcome === 'refused') return []
      return [{ fingerprint: finding.fingerprint, revision }]
    }),
  )
  // What went through is noted first, so that one that fails makes nobody hear of the others again.
  const handedOn = told.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  if (handedOn.length > 0) await store.markTold(handedOn)
  const failed = told.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
  return handedOn.length
}
