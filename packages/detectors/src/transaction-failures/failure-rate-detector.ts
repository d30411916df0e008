import type { EventPlace } from '../detector/account-event.ts'
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
import { enterWindowLate } from '../window/enter-window-late.ts'
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
  createKnownTransactions,
  forgetBefore,
  type KnownTransactions,
  noteCounted,
  notePending,
  standingOf,
  type TransactionEvent,
} from './failure-rate-known.ts'
import {
  type FailureRateRuleId,
  TRANSACTION_FAILURE_VERSION,
  type TransactionFailureReason,
} from './transaction-failure-rule.ts'

/** What is known of the transactions of all accounts. */
export interface FailureRateState {
  /** Counts by failed and not failed; `null` before the first event. */
  window: SlidingWindow | null
  readonly known: KnownTransactions
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
  seesPending: true,
  readsPlaceOnly: true,
  init: () => ({
    window: null,
    known: createKnownTransactions(),
    failures: [],
    episode: null,
  }),
  judge(state, event: EventPlace, verdicts, config) {
    if (event.kind !== 'transaction') return
    if (event.status === 'pending') notePending(state.known, event, config)
    if (!isCounted(event, config)) {
      verdicts.evaluated[RULE] += 1
    } else if (state.known.counted.size > 0 && standingOf(state.known, event) === 'counted') {
      passOver(verdicts, RULE, 'repeated', event)
    } else {
      count(state, event, event.eventTime, verdicts, config)
    }
  },
  judgeLate(state, event: EventPlace, upTo, verdicts, config) {
    if (event.kind !== 'transaction') return true
    if (!isCounted(event, config)) {
      verdicts.evaluated[RULE] += 1
      return true
    }
    const standing = standingOf(state.known, event)
    if (standing === 'counted') {
      passOver(verdicts, RULE, 'repeated', event)
      return true
    }
    const isPast = upTo - event.eventTime > config.reachMs
    if (isPast || standing === 'forgotten') {
      passOver(verdicts, RULE, isPast ? 'late-beyond-window' : 'late-forgotten', event)
      return false
    }
    count(state, event, upTo, verdicts, config)
    return true
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
 *
 * A transaction that is decided, or delivered, after its time is counted in its place in the window,
 * once, and the rate is judged anew at the newest time.
 */
export const failureRateDetector: OrderedDetector<
  FailureRateState,
  FailureRateConfig,
  FailureRateRuleId,
  TransactionFailureReason
> = inEventOrder(rules)

function isCounted({ status }: TransactionEvent, { countsPending }: FailureRateConfig): boolean {
  return status === 'completed' || status === 'failed' || (status === 'pending' && countsPending)
}

/** Counts a transaction in its place, and judges those that are in the window at `now`. */
function count(
  state: FailureRateState,
  transaction: TransactionEvent,
  now: number,
  verdicts: RateVerdicts,
  config: FailureRateConfig,
): void {
  const { eventTime, status } = transaction
  state.window ??= createSlidingWindow(2, config.momentsMax)
  const { window, known } = state
  passTime(state, window, now, verdicts, config)
  forgetBefore(known, now - config.reachMs)
  noteCounted(known, transaction, config)
  const enter = eventTime < now ? enterWindowLate : enterWindow
  enter(window, eventTime, status === 'failed' ? FAILED : NOT_FAILED)
  if (status === 'failed') rememberFailure(state, transaction)

  if (totalOf(window) < config.sampleMin && state.episode === null) {
    passOver(verdicts, RULE, 'sample-too-small', transaction)
    return
  }
  verdicts.evaluated[RULE] += 1
  if (state.episode === null) openIfTooMany(state, window, transaction, now, verdicts, config)
  else judgeEpisode(state, window, state.episode, now, verdicts, config)
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
  { accountId, transactionId }: TransactionEvent,
  now: number,
  verdicts: RateVerdicts,
  config: FailureRateConfig,
): void {
  if (!isAbove(window, config.opensAbove)) return
  const probability = probabilityOf(window, config)
  if (probability !== null && probability > config.significance!) return
  const rateBps = rateBpsOf(window)
  const first = { accountId, transactionId }
  const episode = { first, openedAt: now, peakBps: rateBps, toldBps: rateBps }
  state.episode = episode
  const evidence = { ...figuresOf(window, config), probability }
  verdicts.findings.push(findingOf('open', state, episode, now, config, evidence))
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
  { transactionId, eventTime }: TransactionEvent,
): void {
  let place = failures.length
  while (place > 0 && failures[place - 1]!.eventTime > eventTime) place -= 1
  failures.splice(place, 0, { transactionId, eventTime })
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
