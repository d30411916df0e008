import {
  type AccountEvent,
  compareEvents,
  type EventPlace,
  idOfEvent,
  placeOfEvent,
} from './account-event.ts'
import type { Detector, DetectorStep, NotEvaluable } from './detector.ts'
import type { Finding } from './finding.ts'
import type { LeftOutRow } from './left-out-row.ts'

/**
 * Rules that see the events of one key once each, in the order of event time. They need not know in
 * what order, how often or in what portions the events were delivered: {@link inEventOrder} does.
 */
export interface OrderedRules<
  State,
  Config,
  RuleId extends string = string,
  Reason extends string = string,
> {
  readonly id: string
  /** Grows when stored states can no longer be read, or when the same events are judged otherwise. */
  readonly version: number
  /** The rules that have a say about each kind of event. Events of a kind without rules are left out. */
  readonly ruleIds: Readonly<Record<AccountEvent['kind'], readonly RuleId[]>>
  /** Whether there is one state for each account, or one for all of them. */
  readonly scope: 'account' | 'system'
  /**
   * Whether a pending transaction says something to these rules. Where it does not, which is the
   * default, `judge` gets it as soon as it comes and leaves the state as it is: then it has no place in
   * the order, and what comes after it, its own decision above all, is not late because of it.
   */
  readonly seesPending?: boolean | undefined
  /**
   * Whether the rules look at nothing of an event but its {@link EventPlace}. Of one that waits only that
   * is kept then, which matters where one state holds what waits of all accounts. Default: no.
   */
  readonly readsPlaceOnly?: boolean | undefined
  /** The state of a key before its first event: plain data, Maps and bigints included. */
  init(key: string): State
  /** Whether a state says no more than that of `init`, so that it need not be kept beside others. */
  isBlank?(state: State): boolean
  /** Takes in the next event. It may change `state` in place. */
  judge(state: State, event: AccountEvent, verdicts: Verdicts<RuleId, Reason>, config: Config): void
  /**
   * Takes in an event whose place in the order has passed: events up to `upTo` were judged. Only for
   * rules that can put it in its place all the same.
   *
   * @returns whether it has got a verdict or a reason that settles it; otherwise it is `late`
   */
  judgeLate?(
    state: State,
    event: AccountEvent,
    upTo: number,
    verdicts: Verdicts<RuleId, Reason>,
    config: Config,
  ): boolean
  /**
   * Takes note of a row that was set aside, though it may have moved money. Only for rules that compare
   * events with their neighbours.
   *
   * @returns whether nothing that was judged so far depends on it; otherwise the key must be judged anew
   */
  leaveGap?(state: State, row: LeftOutRow): boolean
  /**
   * Time has passed: every event up to `upTo` was judged. Only for rules in which something ends
   * without an event.
   */
  elapse?(state: State, upTo: number, verdicts: Verdicts<RuleId, Reason>, config: Config): void
  /** The moment from which `elapse` has something to do; infinite when it has nothing. */
  wakeAt?(state: State, config: Config): number
}

/** Where rules put what they find. */
export interface Verdicts<RuleId extends string = string, Reason extends string = string> {
  readonly findings: Finding<RuleId>[]
  readonly evaluated: Record<RuleId, number>
  readonly notEvaluable: NotEvaluable<RuleId, Reason | OrderReason>[]
}

/** `repeated`: an event of this name came before. The first one counts. */
export type OrderReason = 'repeated'

/** The state of a key under {@link inEventOrder}. */
export interface OrderedState<State> {
  rules: State
  /** Events above the watermark, in the order of delivery. */
  pending: AccountEvent[]
  /** Events up to this moment were judged, in epoch milliseconds. */
  judgedUpTo: number
  /**
   * From this moment on the key is to be judged anew, because of rows that were set aside: in epoch
   * milliseconds, `null` for never.
   */
  reviewAt: number | null
  /**
   * Names of the last three events judged, to tell one that comes again from one that is late. They are
   * no list, which among millions of states would take more than what is in it.
   */
  newest: string | null
  secondNewest: string | null
  thirdNewest: string | null
}

/** A detector made of ordered rules. Several of one key can be combined. */
export interface OrderedDetector<
  State,
  Config,
  RuleId extends string = string,
  Reason extends string = string,
> extends Detector<AccountEvent, OrderedState<State>, Config, RuleId, Reason | OrderReason> {
  readonly rules: OrderedRules<State, Config, RuleId, Reason>
}

/** The key of rules that judge the events of all accounts together. */
export const SYSTEM_KEY = 'system'

/** Before any moment; unlike an infinity, JSON can hold it. */
const NEVER = Number.MIN_SAFE_INTEGER
/** Shared by all states in which no event waits; never added to. */
const NO_EVENTS: AccountEvent[] = []

/**
 * Makes a detector of rules that want their events in order. An event waits until the watermark has
 * reached its event time, so that whatever comes in any order before that gives the same findings.
 * One that comes after its time was judged is `late`.
 */
export function inEventOrder<State, Config, RuleId extends string, Reason extends string>(
  rules: OrderedRules<State, Config, RuleId, Reason>,
): OrderedDetector<State, Config, RuleId, Reason> {
  const zeroes = zeroVerdicts(rules)

  return {
    id: rules.id,
    version: rules.version,
    rules,
    key: keyOfScope(rules.scope),
    init: (key) => ({
      rules: rules.init(key),
      pending: NO_EVENTS,
      judgedUpTo: NEVER,
      reviewAt: null,
      newest: null,
      secondNewest: null,
      thirdNewest: null,
    }),
    step(state, batch, { watermark, config, leftOut = [], evaluated = { ...zeroes } }) {
      const step: Step<State, RuleId, Reason> = {
        state,
        findings: [],
        late: [],
        evaluated,
        notEvaluable: [],
        wakeAt: Number.POSITIVE_INFINITY,
      }
      for (const row of leftOut) leaveOut(rules, state, row)
      if (isInOrder(state, batch)) judgeBatch(rules, step, batch, watermark, config)
      else for (const event of batch) admit(rules, step, event, config)
      if (state.pending.length > 0) judgePending(rules, step, watermark, config)
      letTimePass(rules, step, watermark, config)
      step.wakeAt = nextWake(rules, state, config)
      return step
    },
  }
}

/** Which state an event belongs to. */
export function keyOfScope(
  scope: OrderedRules<unknown, unknown>['scope'],
): (event: AccountEvent) => string {
  return scope === 'system' ? () => SYSTEM_KEY : ({ accountId }) => accountId
}

/** A count of 0 for each rule. */
export function zeroVerdicts<RuleId extends string>({
  ruleIds,
}: Pick<OrderedRules<never, never, RuleId>, 'ruleIds'>): Record<RuleId, number> {
  const zeroes = Object.values(ruleIds)
    .flat()
    .map((ruleId) => [ruleId, 0])
  return Object.fromEntries(zeroes) as Record<RuleId, number>
}

interface Step<State, RuleId extends string, Reason extends string> extends DetectorStep<
  AccountEvent,
  OrderedState<State>,
  RuleId,
  Reason | OrderReason
> {
  readonly findings: Finding<RuleId>[]
  readonly late: AccountEvent[]
  readonly evaluated: Record<RuleId, number>
  readonly notEvaluable: NotEvaluable<RuleId, Reason | OrderReason>[]
  wakeAt: number
}

/** A row that came from the future can be judged when its time has come, with all of its key. */
function leaveOut<State>(
  rules: Pick<OrderedRules<State, never>, 'leaveGap'>,
  state: OrderedState<State>,
  row: LeftOutRow,
): void {
  if (row.dueAt !== null) state.reviewAt = Math.min(state.reviewAt ?? row.dueAt, row.dueAt)
  if (row.sequence === 'nowhere') return
  if (rules.leaveGap?.(state.rules, row) === false) state.reviewAt = NEVER
}

/** Whether a batch follows on all that came before, as it does where nothing overtakes anything. */
function isInOrder(
  { pending, judgedUpTo }: OrderedState<unknown>,
  batch: readonly AccountEvent[],
): boolean {
  if (pending.length > 0) return false
  let before = judgedUpTo
  for (const { eventTime } of batch) {
    if (eventTime <= before) return false
    before = eventTime
  }
  return true
}

/** The way of most events: judged at once, without a place among those that wait. */
function judgeBatch<State, Config, RuleId extends string, Reason extends string>(
  rules: OrderedRules<State, Config, RuleId, Reason>,
  step: Step<State, RuleId, Reason>,
  batch: readonly AccountEvent[],
  watermark: number,
  config: Config,
): void {
  for (const event of batch) {
    if (rules.ruleIds[event.kind].length === 0) continue
    if (hasNoPlace(rules, event)) rules.judge(step.state.rules, event, step, config)
    else if (event.eventTime <= watermark) judge(rules, step, event, config)
    else wait(rules, step.state, event)
  }
}

/** Whether it does not matter to the rules when they see an event. */
function hasNoPlace(
  { seesPending = false }: Pick<OrderedRules<never, never>, 'seesPending'>,
  event: AccountEvent,
): boolean {
  return !seesPending && event.kind === 'transaction' && event.status === 'pending'
}

function judge<State, Config, RuleId extends string, Reason extends string>(
  rules: OrderedRules<State, Config, RuleId, Reason>,
  step: Step<State, RuleId, Reason>,
  event: AccountEvent,
  config: Config,
): void {
  const { state } = step
  state.thirdNewest = state.secondNewest
  state.secondNewest = state.newest
  state.newest = nameOf(rules, event)
  state.judgedUpTo = event.eventTime
  rules.judge(state.rules, event, step, config)
}

function isRecent(state: OrderedState<unknown>, name: string): boolean {
  return name === state.newest || name === state.secondNewest || name === state.thirdNewest
}

function wait(
  { readsPlaceOnly = false }: Pick<OrderedRules<never, never>, 'readsPlaceOnly'>,
  state: OrderedState<unknown>,
  event: AccountEvent,
): void {
  // Rules that say so never look at what is missing.
  const kept = readsPlaceOnly ? (placeOfEvent(event) as AccountEvent) : event
  // A list made with its one entry takes a tenth of the memory of one that has grown.
  if (state.pending.length === 0) state.pending = [kept]
  else state.pending.push(kept)
}

function admit<State, Config, RuleId extends string, Reason extends string>(
  rules: OrderedRules<State, Config, RuleId, Reason>,
  step: Step<State, RuleId, Reason>,
  event: AccountEvent,
  config: Config,
): void {
  const { state } = step
  if (rules.ruleIds[event.kind].length === 0) return
  if (hasNoPlace(rules, event)) rules.judge(state.rules, event, step, config)
  else if (event.eventTime > state.judgedUpTo) wait(rules, state, event)
  else if (isRecent(state, nameOf(rules, event))) passOverRepeated(rules, step, event)
  else if (!rules.judgeLate?.(state.rules, event, state.judgedUpTo, step, config)) {
    step.late.push(event)
  }
}

function judgePending<State, Config, RuleId extends string, Reason extends string>(
  rules: OrderedRules<State, Config, RuleId, Reason>,
  step: Step<State, RuleId, Reason>,
  watermark: number,
  config: Config,
): void {
  let before: AccountEvent | null = null
  for (const event of takeDue(step.state, watermark)) {
    if (before !== null && compareEvents(before, event) === 0) {
      passOverRepeated(rules, step, event)
    } else {
      judge(rules, step, event, config)
    }
    before = event
  }
}

/** The name of an event in its state; two accounts may give the same name to different transactions. */
function nameOf(
  { scope }: Pick<OrderedRules<unknown, unknown>, 'scope'>,
  event: AccountEvent,
): string {
  return scope === 'system' ? `${event.accountId}\n${idOfEvent(event)}` : idOfEvent(event)
}

/** Takes the events up to the watermark out of those that wait, in the order of judgement. */
function takeDue(state: OrderedState<unknown>, watermark: number): readonly AccountEvent[] {
  const { pending } = state
  const due = pending.filter(({ eventTime }) => eventTime <= watermark)
  if (due.length === pending.length) state.pending = NO_EVENTS
  else if (due.length > 0) {
    state.pending = pending.filter(({ eventTime }) => eventTime > watermark)
  }
  return due.sort(compareEvents)
}

function letTimePass<State, Config, RuleId extends string, Reason extends string>(
  rules: OrderedRules<State, Config, RuleId, Reason>,
  step: Step<State, RuleId, Reason>,
  watermark: number,
  config: Config,
): void {
  const { state } = step
  if (rules.elapse === undefined || watermark <= state.judgedUpTo) return
  // While nothing ends by itself, an event may still come in before what time has passed.
  if ((rules.wakeAt?.(state.rules, config) ?? watermark) > watermark) return
  rules.elapse(state.rules, watermark, step, config)
  // What has elapsed cannot be taken back by an event that comes now.
  state.judgedUpTo = Math.min(watermark, Number.MAX_SAFE_INTEGER)
}

function passOverRepeated<State, Config, RuleId extends string, Reason extends string>(
  rules: OrderedRules<State, Config, RuleId, Reason>,
  step: Step<State, RuleId, Reason>,
  event: AccountEvent,
): void {
  for (const ruleId of rules.ruleIds[event.kind]) passOver(step, ruleId, 'repeated', event)
}

function nextWake<State, Config, RuleId extends string, Reason extends string>(
  rules: OrderedRules<State, Config, RuleId, Reason>,
  state: OrderedState<State>,
  config: Config,
): number {
  let wakeAt = rules.wakeAt?.(state.rules, config) ?? Number.POSITIVE_INFINITY
  for (const { eventTime } of state.pending) if (eventTime < wakeAt) wakeAt = eventTime
  if (state.reviewAt !== null && state.reviewAt < wakeAt) wakeAt = state.reviewAt
  return wakeAt
}

/** Notes that a rule could not judge an event. */
export function passOver<RuleId extends string, Reason extends string>(
  { notEvaluable }: Pick<Verdicts<RuleId, Reason>, 'notEvaluable'>,
  ruleId: RuleId,
  reason: Reason | OrderReason,
  event: EventPlace,
): void {
  notEvaluable.push({
    ruleId,
    reason,
    subject: event.accountId,
    transactionId: event.kind === 'transaction' ? event.transactionId : event.scanId,
  })
}
