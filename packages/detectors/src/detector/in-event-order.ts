import { type AccountEvent, compareEvents, idOfEvent } from './account-event.ts'
import type { Detector, DetectorStep, NotEvaluable } from './detector.ts'
import type { Finding } from './finding.ts'

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
  /** The state of a key before its first event: plain data, Maps and bigints included. */
  init(key: string): State
  /** Takes in the next event. It may change `state` in place. */
  judge(state: State, event: AccountEvent, verdicts: Verdicts<RuleId, Reason>, config: Config): void
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
  /** Names of the events that were judged last, to tell one that comes again from one that is late. */
  readonly recent: string[]
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

/** The most names that a state keeps of events that were judged. */
const RECENT_MAX = 16

/** Before any moment; unlike an infinity, JSON can hold it. */
const NEVER = Number.MIN_SAFE_INTEGER

/**
 * Makes a detector of rules that want their events in order. An event waits until the watermark has
 * reached its event time, so that whatever comes in any order before that gives the same findings.
 * One that comes after its time was judged is `late`.
 */
export function inEventOrder<State, Config, RuleId extends string, Reason extends string>(
  rules: OrderedRules<State, Config, RuleId, Reason>,
): OrderedDetector<State, Config, RuleId, Reason> {
  const zeroes = Object.fromEntries(
    Object.values(rules.ruleIds)
      .flat()
      .map((ruleId) => [ruleId, 0]),
  ) as Record<RuleId, number>

  return {
    id: rules.id,
    version: rules.version,
    rules,
    key: rules.scope === 'system' ? () => SYSTEM_KEY : ({ accountId }) => accountId,
    init: (key) => ({ rules: rules.init(key), pending: [], judgedUpTo: NEVER, recent: [] }),
    step(state, batch, { watermark, config }) {
      const step: Step<State, RuleId, Reason> = {
        state,
        findings: [],
        late: [],
        evaluated: { ...zeroes },
        notEvaluable: [],
        wakeAt: Number.POSITIVE_INFINITY,
      }
      for (const event of batch) {
        if (rules.ruleIds[event.kind].length > 0) admit(rules, step, event)
      }
      judgeUpTo(rules, step, watermark, config)
      step.wakeAt = nextWake(rules, state, config)
      return step
    },
  }
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

function admit<State, Config, RuleId extends string, Reason extends string>(
  rules: OrderedRules<State, Config, RuleId, Reason>,
  step: Step<State, RuleId, Reason>,
  event: AccountEvent,
): void {
  const { state } = step
  if (event.eventTime > state.judgedUpTo) state.pending.push(event)
  else if (state.recent.includes(idOfEvent(event))) passOverRepeated(rules, step, event)
  else step.late.push(event)
}

function judgeUpTo<State, Config, RuleId extends string, Reason extends string>(
  rules: OrderedRules<State, Config, RuleId, Reason>,
  step: Step<State, RuleId, Reason>,
  watermark: number,
  config: Config,
): void {
  const { state } = step
  if (state.pending.length > 0) {
    for (const event of takeDue(state, watermark)) {
      const id = idOfEvent(event)
      if (state.recent.includes(id)) {
        passOverRepeated(rules, step, event)
        continue
      }
      state.recent.push(id)
      if (state.recent.length > RECENT_MAX) state.recent.shift()
      state.judgedUpTo = event.eventTime
      rules.judge(state.rules, event, step, config)
    }
  }
  if (rules.elapse !== undefined && watermark > state.judgedUpTo) {
    rules.elapse(state.rules, watermark, step, config)
    // What has elapsed cannot be taken back by an event that comes now.
    state.judgedUpTo = Math.min(watermark, Number.MAX_SAFE_INTEGER)
  }
}

/** Takes the events up to the watermark out of those that wait, in the order of judgement. */
function takeDue(state: { pending: AccountEvent[] }, watermark: number): readonly AccountEvent[] {
  const { pending } = state
  if (pending.length === 1) {
    if (pending[0]!.eventTime > watermark) return []
    state.pending = []
    return pending
  }
  const due = pending.filter(({ eventTime }) => eventTime <= watermark)
  if (due.length === 0) return due
  state.pending =
    due.length === pending.length ? [] : pending.filter(({ eventTime }) => eventTime > watermark)
  return due.sort(compareEvents)
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
  return wakeAt
}

/** Notes that a rule could not judge an event. */
export function passOver<RuleId extends string, Reason extends string>(
  { notEvaluable }: Pick<Verdicts<RuleId, Reason>, 'notEvaluable'>,
  ruleId: RuleId,
  reason: Reason | OrderReason,
  event: AccountEvent,
): void {
  notEvaluable.push({
    ruleId,
    reason,
    subject: event.accountId,
    transactionId: event.kind === 'transaction' ? event.transactionId : event.scanId,
  })
}
