import type { Alert, AlertManager } from '@assay/core'

import type { Finding } from '../detector/finding.ts'
import type { MonitorStore, ToldFinding, UntoldFinding } from './monitor-store.ts'
import type { TellersTurn } from './tellers-turn.ts'

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
  readonly turn: TellersTurn
}

/** The most findings that are read at once. */
const READ_AT_ONCE = 500

/** The most that are handed on at once. Between two portions the turn is kept, or found to be lost. */
const TOLD_AT_ONCE = 50

/**
 * Hands stored findings on to the alert manager: at least once each, also those of a process that died
 * between storing and telling. One that is refused stays, and is handed on again the next time. Where
 * the turn was lost, the rest is left to the next round, which reads it anew.
 *
 * A process that stalls within a hand-over may still fire what somebody else has meanwhile told to be
 * over. It notes what it told last, so that the next round tells how things are once more. Until then,
 * or for good where it dies before it can note it, the alert is wrong: an alert manager knows no
 * revisions that it could compare.
 *
 * @returns how many were handed on; 0 where the turn was lost
 */
export async function tellFindings(options: TellFindingsOptions): Promise<number> {
  const { store, turn } = options
  const untold = await store.listUntold(READ_AT_ONCE)
  const failures: unknown[] = []
  let count = 0
  for (let first = 0; first < untold.length; first += TOLD_AT_ONCE) {
    if (!(await turn.keep())) {
      count = 0
      break
    }
    const portion = untold.slice(first, first + TOLD_AT_ONCE)
    const settled = await Promise.allSettled(portion.map((one) => handOn(one, options)))
    // What went through is noted first, so that one that fails makes nobody hear of the others again.
    const told = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
    if (told.length > 0) await store.markTold(told)
    count += told.length
    failures.push(...settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : [])))
  }
  if (failures.length > 0) throw failures[0]
  return count
}

async function handOn(
  { finding, revision }: UntoldFinding,
  { alerts, toAlert, turn }: TellFindingsOptions,
): Promise<readonly ToldFinding[]> {
  const alert = toAlert(finding)
  if (!turn.isHeld()) return []
  const { outcome } = await (finding.action === 'resolve'
    ? alerts.resolve(alert)
    : alerts.fire(alert))
  return outcome === 'refused' ? [] : [{ fingerprint: finding.fingerprint, revision }]
}
