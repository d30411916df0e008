import type { Alert, AlertManager } from '@assay/core'

import type { Finding } from '../detector/finding.ts'
import type { LeftFindings } from './left-findings.ts'
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

/** Whom a finding is handed on to, and as what. */
export interface HandOverOptions {
  readonly alerts: FindingAlerts
  readonly toAlert: (finding: Finding) => Alert
}

/** What findings are handed on with. */
export interface TellFindingsOptions extends HandOverOptions {
  readonly store: Pick<MonitorStore, 'listUntold' | 'markTold'>
  readonly turn: TellersTurn
  readonly left: LeftFindings
}

/** The most findings that are read at once. */
const READ_AT_ONCE = 500

/** The most that are handed on at once. Between two portions the turn is kept, or found to be lost. */
const TOLD_AT_ONCE = 50

/**
 * Hands stored findings on to the alert manager: at least once each, also those of a process that died
 * between storing and telling. One that nobody takes in is noted in `left`, keeps none of the others
 * back, and is handed on again the next time. Where the turn was lost, the rest is left to the next
 * round, which reads it anew.
 *
 * A process that stalls within a hand-over may still fire what somebody else has meanwhile told to be
 * over. It notes what it told last, so that the next round tells how things are once more. Until then,
 * or for good where it dies before it can note it, the alert is wrong: an alert manager knows no
 * revisions that it could compare.
 *
 * @returns `lost` where the turn was lost on the way
 */
export async function tellFindings(options: TellFindingsOptions): Promise<'told' | 'lost'> {
  const { store, turn, left } = options
  for await (const untold of readUntold(store)) {
    const fresh = untold.filter((one) => !left.has(one))
    for (let first = 0; first < fresh.length; first += TOLD_AT_ONCE) {
      if (!(await turn.keep())) return 'lost'
      await tellPortion(fresh.slice(first, first + TOLD_AT_ONCE), options)
    }
  }
  return 'told'
}

/** Whether there is something to tell that is not left already. */
export async function hasUntold(
  store: Pick<MonitorStore, 'listUntold'>,
  left: LeftFindings,
): Promise<boolean> {
  for await (const untold of readUntold(store)) {
    if (untold.some((one) => !left.has(one))) return true
  }
  return false
}

/**
 * Hands a finding on.
 *
 * @returns whether it was taken in
 */
export async function handOn(
  finding: Finding,
  { alerts, toAlert }: HandOverOptions,
): Promise<boolean> {
  const alert = toAlert(finding)
  const { outcome } = await (finding.action === 'resolve'
    ? alerts.resolve(alert)
    : alerts.fire(alert))
  return outcome !== 'refused'
}

async function* readUntold(
  store: Pick<MonitorStore, 'listUntold'>,
): AsyncGenerator<readonly UntoldFinding[], void> {
  let after: string | undefined
  for (;;) {
    const untold = await store.listUntold({ after, limit: READ_AT_ONCE })
    yield untold
    if (untold.length < READ_AT_ONCE) return
    after = untold.at(-1)?.finding.fingerprint
  }
}

async function tellPortion(
  portion: readonly UntoldFinding[],
  { store, turn, left, ...to }: TellFindingsOptions,
): Promise<void> {
  const told: ToldFinding[] = []
  async function tell(one: UntoldFinding): Promise<void> {
    const { finding, revision } = one
    if (!turn.isHeld()) return
    try {
      if (await handOn(finding, to)) told.push({ fingerprint: finding.fingerprint, revision })
      else left.refused(one)
    } catch (error) {
      left.failed(one, error)
    }
  }
  await Promise.all(portion.map(tell))
  if (told.length > 0) await store.markTold(told)
}
