import { findingFingerprint } from '../detector/finding-fingerprint.ts'
import { type Finding, NAMED_MAX } from '../detector/finding.ts'
import {
  inEventOrder,
  type OrderedDetector,
  type OrderedRules,
  passOver,
  SYSTEM_KEY,
  type Verdicts,
} from '../detector/in-event-order.ts'
import type { LedgerTransaction } from '../ledger/ledger-entry.ts'
import {
  createSlidingWindow,
  enterWindow,
  leaveWindow,
  nextLeaveAt,
  resolutionMsOf,
  type SlidingWindow,
} from '../window/sliding-window.ts'
import { binomialTail } from './binomial-tail.ts'
import type { FailureRateConfig, Share } from './failure-rate-config.ts'
import {
  type FailureRateRuleId,
  TRANSACTION_FAILURE_VERSION,
  type TransactionFailureReason,
} from './transaction-failure-rule.ts'

/** What is known of the transactions of all accounts. */
export interface FailureRateState {
  /** Counts by failed and not failed; `null` before the first event. */
  window: SlidingWindow | null
  /** The failures that happened last, oldest first, to name them. Some may have left the window. */
  readonly failures: { readonly transactionId: string; readonly eventTime: number }[]
  /** What is being found. */
  episode: FailureEpisode | null
}

/** From when too many fail until few enough do. */
export interface FailureEpisode {
  /** The transaction with which it began. */
  readonly first: { readonly accountId: string; readonly transactionId: string }
  readonly openedAt: number
  /** The highest rate in a sample that is great enough, in hundredths of a percent. */
  peakBps: number
  /** The peak that was told last. */
  toldBps: number
}

type RateVerdicts = Verdicts<FailureRateRuleId, TransactionFailureReason>

const RULE = 'transactions.failure-rate'
const NOT_FAILED = 0
const FAILED = 1

const rules: OrderedRules<
  FailureRateState,
  FailureRateConfig,
  FailureRateRuleId,
  TransactionFailureReason
> = {
  id: 'failure-rate',
  version: TRANSACTION_FAILURE_VERSION,
  ruleIds: { transaction: [RULE], scan: [] },
  scope: 'system',
  init: () => ({ window: null, failures: [], episode: null }),
  judge(state, event, verdicts, config) {
    if (event.kind !== 'transaction') return
    if (!isCounted(event, config)) {
      verdicts.evaluated[RULE] += 1
      return
    }
    state.window ??= createSlidingWindow(2, config.momentsMax)
    passTime(state, state.window, event.eventTime, verdicts, config)
    enterWindow(state.window, event.eventTime, event.status === 'failed' ? FAILED : NOT_FAILED)
    if (event.status === 'failed') rememberFailure(state, event)

    if (totalOf(state.window) < config.sampleMin && state.episode === null) {
      passOver(verdicts, RULE, 'sample-too-small', event)
      return
    }
    verdicts.evaluated[RULE] += 1
    if (state.episode === null) openIfTooMany(state, state.window, event, verdicts, config)
    else judgeEpisode(state, state.window, state.episode, event.eventTime, verdicts, config)
  },
  elapse(state, upTo, verdicts, config) {
    if (state.window !== null) passTime(state, state.window, upTo, verdicts, config)
  },
  wakeAt: ({ window, episode }, { reachMs }) =>
    window === null || episode === null ? Number.POSITIVE_INFINITY : nextLeaveAt(window, reachMs),
}

/**
 * The reducer behind `detectTransactionFailures` for the failure rate of all accounts together.
 *
 * An episode begins with a transaction after which more than `opensAbove` of those in the window
 * failed, and ends as soon as no more than `clearsAt` of them did, be it with a transaction or because
 * time has passed. A sample that has become small does not end it while failures are in it, for a
 * system that nobody uses any more has not recovered; a window in which nothing is does.
 */
export const failureRateDetector: OrderedDetector<
  FailureRateState,
  FailureRateConfig,
  FailureRateRuleId,
  TransactionFailureReason
> = inEventOrder(rules)

function isCounted({ status }: LedgerTransaction, { countsPending }: FailureRateConfig): boolean {
  return status === 'completed' || status === 'failed' || (status === 'pending' && countsPending)
}

/** Lets transactions leave the window, one moment after the other while that could end an episode. */
function passTime(
  state: FailureRateState,
  window: SlidingWindow,
  upTo: number,
  verdicts: RateVerdicts,
  config: FailureRateConfig,
): void {
  const { reachMs } = config
  while (state.episode !== null) {
    const leavesAt = nextLeaveAt(window, reachMs)
    if (leavesAt > upTo) return
    leaveWindow(window, leavesAt, reachMs)
    endIfCleared(state, window, state.episode, leavesAt, verdicts, config)
  }
  leaveWindow(window, upTo, reachMs)
}

function openIfTooMany(
  state: FailureRateState,
  window: SlidingWindow,
  { accountId, transactionId, eventTime }: LedgerTransaction,
  verdicts: RateVerdicts,
  config: FailureRateConfig,
): void {
  if (!isAbove(window, config.opensAbove)) return
  const probability = probabilityOf(window, config)
  if (probability !== null && probability > config.significance!) return
  const rateBps = rateBpsOf(window)
  const first = { accountId, transactionId }
  const episode = { first, openedAt: eventTime, peakBps: rateBps, toldBps: rateBps }
  state.episode = episode
  const evidence = { ...figuresOf(window, config), probability }
  verdicts.findings.push(findingOf('open', state, episode, eventTime, config, evidence))
}

function judgeEpisode(
  state: FailureRateState,
  window: SlidingWindow,
  episode: FailureEpisode,
  eventTime: number,
  verdicts: RateVerdicts,
  config: FailureRateConfig,
): void {
  if (endIfCleared(state, window, episode, eventTime, verdicts, config)) return
  if (totalOf(window) < config.sampleMin) return
  const rateBps = rateBpsOf(window)
  if (rateBps > episode.peakBps) episode.peakBps = rateBps
  if (rateBps < episode.toldBps + config.peakStepBps) return
  episode.toldBps = rateBps
  const evidence = figuresOf(window, config)
  verdicts.findings.push(findingOf('update', state, episode, eventTime, config, evidence))
}

function endIfCleared(
  state: FailureRateState,
  window: SlidingWindow,
  episode: FailureEpisode,
  eventTime: number,
  verdicts: RateVerdicts,
  config: FailureRateConfig,
): boolean {
  if (isAbove(window, config.clearsAt)) return false
  const { openedAt, peakBps } = episode
  const endedBy = totalOf(window) === 0 ? 'no-transactions' : 'rate'
  const evidence = { ...figuresOf(window, config), openedAt, peakBps, endedBy }
  verdicts.findings.push(findingOf('resolve', state, episode, eventTime, config, evidence))
  state.episode = null
  return true
}

function totalOf({ totals }: SlidingWindow): number {
  return totals[FAILED]! + totals[NOT_FAILED]!
}

/** Exact while `total · of` stays below 2⁵³. */
function isAbove(window: SlidingWindow, { failed, of }: Share): boolean {
  return window.totals[FAILED]! * of > failed * totalOf(window)
}

function rateBpsOf(window: SlidingWindow): number {
  return Math.floor((window.totals[FAILED]! * 10_000) / totalOf(window))
}

/** How probable so many failures would be at the share that is silent; `null` where nobody asks. */
function probabilityOf(
  window: SlidingWindow,
  { significance, opensAbove }: FailureRateConfig,
): number | null {
  if (significance === null) return null
  return binomialTail({
    successes: window.totals[FAILED]!,
    trials: totalOf(window),
    probability: opensAbove.failed / opensAbove.of,
  })
}

function rememberFailure(
  { failures }: FailureRateState,
  { transactionId, eventTime }: LedgerTransaction,
): void {
  failures.push({ transactionId, eventTime })
  if (failures.length > NAMED_MAX) failures.shift()
}

function figuresOf(window: SlidingWindow, { windowMs }: FailureRateConfig): Finding['evidence'] {
  const total = totalOf(window)
  return {
    failed: window.totals[FAILED]!,
    total,
    rateBps: total === 0 ? null : rateBpsOf(window),
    windowMs,
    resolutionMs: resolutionMsOf(window),
  }
}

function findingOf(
  action: Finding['action'],
  { failures }: FailureRateState,
  { first }: FailureEpisode,
  eventTime: number,
  { tenant, reachMs }: FailureRateConfig,
  evidence: Finding['evidence'],
): Finding<FailureRateRuleId> {
  return {
    fingerprint: findingFingerprint(RULE, tenant, [first.accountId, first.transactionId]),
    ruleId: RULE,
    ruleVersion: TRANSACTION_FAILURE_VERSION,
    severity: 'medium',
    action,
    subject: SYSTEM_KEY,
    transactionIds: failures
      .filter((failure) => eventTime - failure.eventTime <= reachMs)
      .map(({ transactionId }) => transactionId),
    eventTime,
    confidence: 1,
    evidence,
  }
}
