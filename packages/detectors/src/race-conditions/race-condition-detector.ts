import { findingFingerprint } from '../detector/finding-fingerprint.ts'
import { type Finding, NAMED_MAX } from '../detector/finding.ts'
import {
  inEventOrder,
  type OrderedDetector,
  type OrderedRules,
  type Verdicts,
} from '../detector/in-event-order.ts'
import type { LedgerTransaction } from '../ledger/ledger-entry.ts'
import { type RaceConditionConfig, SECOND_MS } from './race-condition-config.ts'
import { RACE_CONDITION_VERSION, type RaceConditionRuleId } from './race-condition-rule.ts'
import {
  createRaceConditionState,
  isSameRequest,
  lastOf,
  type Race,
  type RaceConditionState,
  type RaceTransaction,
  rememberLast,
} from './race-condition-state.ts'

type RaceVerdicts = Verdicts<RaceConditionRuleId, never>

const RULE = 'transactions.concurrent-requests'

const rules: OrderedRules<RaceConditionState, RaceConditionConfig, RaceConditionRuleId, never> = {
  id: 'race-conditions',
  version: RACE_CONDITION_VERSION,
  ruleIds: { transaction: [RULE], scan: [] },
  scope: 'account',
  init: createRaceConditionState,
  judge(state, event, verdicts, config) {
    if (event.kind !== 'transaction') return
    verdicts.evaluated[RULE] += 1
    if (event.status !== 'completed' && event.status !== 'failed') return
    if (isTogether(state.eventTime, event.eventTime, config)) {
      judgeNeighbour(state, event, verdicts, config)
    } else {
      state.race = null
      rememberLast(state, event)
    }
  },
}

/**
 * The reducer behind `detectRaceConditions`. A race is found with its second request and grows with
 * each further one, and with a retry that makes it more certain. It never ends as a finding: that
 * requests were concurrent stays true.
 */
export const raceConditionDetector: OrderedDetector<
  RaceConditionState,
  RaceConditionConfig,
  RaceConditionRuleId,
  never
> = inEventOrder(rules)

function isTogether(
  before: number,
  at: number,
  { grouping, reachMs }: RaceConditionConfig,
): boolean {
  if (grouping === 'neighbours') return at - before <= reachMs
  return Math.floor(before / SECOND_MS) === Math.floor(at / SECOND_MS)
}

function judgeNeighbour(
  state: RaceConditionState,
  transaction: LedgerTransaction,
  verdicts: RaceVerdicts,
  config: RaceConditionConfig,
): void {
  const before = lastOf(state)
  rememberLast(state, transaction)
  const member = lastOf(state)
  if (state.race === null) {
    // A retry alone is no race. Should one follow, it begins with the last try.
    if (isSameRequest(before, member)) return
    state.race = beginRace(before)
    addMember(state.race, member)
    verdicts.findings.push(findingOf('open', state.race, transaction, config))
    return
  }
  if (addMember(state.race, member) === 'nothing-new') return
  verdicts.findings.push(findingOf('update', state.race, transaction, config))
}

function beginRace(first: RaceTransaction): Race {
  return {
    first,
    requests: 1,
    transactions: 1,
    members: [first],
    overlaps: false,
    sawSameBalance: false,
  }
}

function addMember(race: Race, member: RaceTransaction): 'more-known' | 'nothing-new' {
  const { members, overlaps, sawSameBalance } = race
  let isNewRequest = true
  for (const earlier of members) {
    if (isSameRequest(earlier, member)) {
      isNewRequest = false
    } else {
      race.overlaps ||= isWorkedOnAt(earlier, member.eventTime)
      race.sawSameBalance ||= seesBalanceOf(member, earlier)
    }
  }
  if (isNewRequest) race.requests += 1
  race.transactions += 1
  members.push(member)
  if (members.length > NAMED_MAX) members.shift()
  const isMoreCertain = race.overlaps !== overlaps || race.sawSameBalance !== sawSameBalance
  return isNewRequest || isMoreCertain ? 'more-known' : 'nothing-new'
}

/** Inclusive at both ends, so that requests of one millisecond overlap in any case. */
function isWorkedOnAt({ eventTime, processingMs }: RaceTransaction, at: number): boolean {
  return at <= eventTime + processingMs
}

/**
 * Whether a transaction saw the balance that an earlier one was about to move. One that moved nothing
 * leaves the same balance to whatever comes next. Within a millisecond either may have been the
 * earlier one, so both must have moved it.
 */
function seesBalanceOf(later: RaceTransaction, earlier: RaceTransaction): boolean {
  return (
    earlier.hasMoved &&
    (later.hasMoved || later.eventTime > earlier.eventTime) &&
    later.balanceBeforeMinor !== null &&
    later.balanceBeforeMinor === earlier.balanceBeforeMinor &&
    later.currency === earlier.currency
  )
}

/**
 * `1 − 0.4 · ½ [overlap] · ¼ [same balance]`: what remains of the doubt when each observation, by
 * itself, leaves its share of it (a noisy-or: Pearl 1988, Probabilistic Reasoning in Intelligent
 * Systems, 4.3.2). Written out, so that no rounding blurs it.
 */
function confidenceOf({ overlaps, sawSameBalance }: Race): number {
  if (sawSameBalance) return overlaps ? 0.95 : 0.9
  return overlaps ? 0.8 : 0.6
}

function findingOf(
  action: 'open' | 'update',
  race: Race,
  { accountId, eventTime }: LedgerTransaction,
  { tenant, windowMs }: RaceConditionConfig,
): Finding<RaceConditionRuleId> {
  const { first, requests, transactions, members, overlaps, sawSameBalance } = race
  return {
    fingerprint: findingFingerprint(RULE, tenant, [accountId, first.transactionId!]),
    ruleId: RULE,
    ruleVersion: RACE_CONDITION_VERSION,
    severity: 'medium',
    action,
    subject: accountId,
    transactionIds: members.map(({ transactionId }) => transactionId!),
    eventTime,
    confidence: confidenceOf(race),
    evidence: {
      requests,
      transactions,
      firstRequestAt: first.eventTime,
      lastRequestAt: eventTime,
      overlaps,
      sawSameBalance,
      windowMs,
    },
  }
}
