import type {
  AlertRuleState,
  AlertState,
  AlertTransition,
  NoDataReason,
} from './alert-rule-state.ts'
import type { AlertRule } from './alert-rule.ts'
import { type RuleJudgement, VERDICT } from './rule-judgement.ts'
import { EMPTY_LABEL_SET, type LabelSet } from './rule-vector.ts'

/** The states of one rule, one for each label set. */
export interface AlertInstances {
  /** Goes on to the judgement of a tick, and appends what changed. */
  advance(judgement: RuleJudgement, at: number, transitions: AlertTransition[]): void
  states(): readonly AlertRuleState[]
}

interface Instance {
  readonly labelSet: LabelSet
  state: AlertState
  reason: NoDataReason | undefined
  value: number
  activeAt: number
  /** When it ceased to hold while firing; `NaN` while it holds. */
  ceasedAt: number
  /** The tick in which it was last judged. */
  tick: number
}

const NOTHING: RuleJudgement = {
  labelSets: [EMPTY_LABEL_SET],
  values: [Number.NaN],
  verdicts: Uint8Array.of(VERDICT.no_series),
}

/** Makes the states of a rule, which has none yet. */
export function createAlertInstances(rule: AlertRule): AlertInstances {
  const byKey = new Map<string, Instance>()
  /** In the order of the last judgement, which is mostly the order of the next. */
  let order: Instance[] = []
  let tick = 0

  function find(labelSet: LabelSet, guess: Instance | undefined): Instance {
    if (guess?.labelSet.key === labelSet.key) return guess
    const existing = byKey.get(labelSet.key)
    if (existing !== undefined) return existing
    const created: Instance = {
      labelSet,
      state: 'inactive',
      reason: undefined,
      value: Number.NaN,
      activeAt: Number.NaN,
      ceasedAt: Number.NaN,
      tick: 0,
    }
    byKey.set(labelSet.key, created)
    return created
  }

  /** Takes the next step, as an alerting rule of Prometheus does. */
  function step(instance: Instance, verdict: number, at: number): AlertState {
    if (verdict === VERDICT.holds) {
      instance.ceasedAt = Number.NaN
      if (instance.state !== 'pending' && instance.state !== 'firing') instance.activeAt = at
      const isDue = instance.state === 'firing' || at - instance.activeAt >= rule.forMs
      return isDue ? 'firing' : 'pending'
    }
    if (instance.state === 'firing' && rule.keepFiringForMs > 0) {
      if (Number.isNaN(instance.ceasedAt)) instance.ceasedAt = at
      if (at - instance.ceasedAt < rule.keepFiringForMs) return 'firing'
    }
    return verdict === VERDICT.fails ? 'inactive' : 'no_data'
  }

  function advanceOne(
    instance: Instance,
    verdict: number,
    at: number,
    transitions: AlertTransition[],
  ): void {
    const from = instance.state
    instance.state = step(instance, verdict, at)
    instance.reason = instance.state === 'no_data' ? REASONS[verdict] : undefined
    if (instance.state !== from) transitions.push({ ...describe(instance), from, at })
  }

  function describe({ labelSet, state, reason, value, activeAt }: Instance): AlertRuleState {
    const isActive = state === 'pending' || state === 'firing'
    return {
      rule,
      labels: { ...labelSet.labels, ...rule.labels },
      state,
      reason,
      value: Number.isNaN(value) ? undefined : value,
      activeAt: isActive ? activeAt : undefined,
    }
  }

  /** A label set that is gone does not hold; once it has ceased to fire, it is forgotten. */
  function advanceGone(at: number, transitions: AlertTransition[]): void {
    for (const instance of byKey.values()) {
      if (instance.tick === tick) continue
      const isActive = instance.state === 'pending' || instance.state === 'firing'
      if (isActive) advanceOne(instance, VERDICT.fails, at, transitions)
      if (instance.state !== 'firing') byKey.delete(instance.labelSet.key)
    }
  }

  return {
    advance(judgement, at, transitions) {
      tick += 1
      const { labelSets, values, verdicts } = judgement.labelSets.length > 0 ? judgement : NOTHING
      const next: Instance[] = []
      for (let index = 0; index < labelSets.length; index += 1) {
        const instance = find(labelSets[index]!, order[index])
        instance.tick = tick
        instance.value = values[index]!
        advanceOne(instance, verdicts[index]!, at, transitions)
        next.push(instance)
      }
      order = next
      if (byKey.size > next.length) advanceGone(at, transitions)
    },
    states: () => Array.from(byKey.values(), describe),
  }
}

const REASONS: readonly (NoDataReason | undefined)[] = [
  'no_series',
  'too_few_samples',
  'not_a_number',
]
