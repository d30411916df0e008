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

/** A label set for which the rule is pending or firing. */
interface ActiveAlert {
  readonly labelSet: LabelSet
  state: 'pending' | 'firing'
  readonly activeAt: number
  /** When it ceased to hold while firing; `NaN` while it holds. */
  ceasedAt: number
  value: number
  /** The tick in which it was last judged. */
  tick: number
}

/** Where nothing is measured, that is what the rule says of no label set in particular. */
const NOTHING: RuleJudgement = {
  labelSets: [EMPTY_LABEL_SET],
  values: [Number.NaN],
  verdicts: Uint8Array.of(VERDICT.no_series),
}

const REASONS: readonly (NoDataReason | undefined)[] = [
  'window_not_covered',
  'no_bucket',
  'no_series',
  'too_few_samples',
  'not_a_number',
]

/** Makes the states of a rule, which has none yet. */
export function createAlertInstances(rule: AlertRule): AlertInstances {
  /** Few of many label sets are active, and the others need nothing but their verdict. */
  const active = new Map<string, ActiveAlert>()
  let last: RuleJudgement = { labelSets: [], values: [], verdicts: new Uint8Array(0) }
  let tick = 0

  function advance(judgement: RuleJudgement, at: number, transitions: AlertTransition[]): void {
    tick += 1
    const { labelSets, values, verdicts } = judgement
    const isSameList = labelSets === last.labelSets
    const verdictByKey = isSameList ? undefined : verdictsByKey(last)
    for (let index = 0; index < verdicts.length; index += 1) {
      const verdict = verdicts[index]!
      const before = isSameList
        ? last.verdicts[index]!
        : (verdictByKey!.get(labelSets[index]!.key) ?? VERDICT.fails)
      // Nothing changes for whoever is not active and is judged as before.
      if (verdict === before && verdict !== VERDICT.holds && active.size === 0) continue

      const labelSet = labelSets[index]!
      const alert = active.get(labelSet.key)
      const from = alert?.state ?? stateOf(before)
      const state = step(alert, labelSet, verdict, at, values[index]!)
      if (state !== from) {
        const now = { labelSet, state, verdict, value: values[index]! }
        transitions.push({ ...describe(now), from, at })
      }
    }
    last = judgement
    if (active.size > 0) forgetGone(at, transitions)
  }

  /** Takes the next step, as an alerting rule of Prometheus does. */
  function step(
    alert: ActiveAlert | undefined,
    labelSet: LabelSet,
    verdict: number,
    at: number,
    value: number,
  ): AlertState {
    if (verdict === VERDICT.holds) {
      const fresh = { labelSet, state: 'pending' as const, activeAt: at }
      const next: ActiveAlert = alert ?? { ...fresh, ceasedAt: Number.NaN, value, tick }
      if (at - next.activeAt >= rule.forMs) next.state = 'firing'
      next.ceasedAt = Number.NaN
      next.value = value
      next.tick = tick
      active.set(labelSet.key, next)
      return next.state
    }
    if (alert === undefined) return stateOf(verdict)
    alert.tick = tick
    if (alert.state === 'firing' && rule.keepFiringForMs > 0) {
      if (Number.isNaN(alert.ceasedAt)) alert.ceasedAt = at
      if (at - alert.ceasedAt < rule.keepFiringForMs) return 'firing'
    }
    active.delete(labelSet.key)
    return stateOf(verdict)
  }

  /** A label set that is no longer measured does not hold. */
  function forgetGone(at: number, transitions: AlertTransition[]): void {
    for (const alert of active.values()) {
      if (alert.tick === tick) continue
      const { labelSet, state: from, value } = alert
      const state = step(alert, labelSet, VERDICT.fails, at, value)
      if (state === from) continue
      transitions.push({
        ...describe({ labelSet, state, verdict: VERDICT.fails, value }),
        from,
        at,
      })
    }
  }

  function describe({ labelSet, state, verdict, value }: Described): AlertRuleState {
    return {
      rule,
      labels: { ...labelSet.labels, ...rule.labels },
      state,
      reason: state === 'no_data' ? REASONS[verdict] : undefined,
      value: Number.isNaN(value) ? undefined : value,
      activeAt: active.get(labelSet.key)?.activeAt,
    }
  }

  return {
    advance: (judgement, at, transitions) =>
      advance(judgement.labelSets.length > 0 ? judgement : NOTHING, at, transitions),
    states() {
      const judged = last.labelSets.map((labelSet, index) => {
        const verdict = last.verdicts[index]!
        const state = active.get(labelSet.key)?.state ?? stateOf(verdict)
        return describe({ labelSet, state, verdict, value: last.values[index]! })
      })
      const keys = new Set(last.labelSets.map(({ key }) => key))
      const kept = [...active.values()].filter(({ labelSet }) => !keys.has(labelSet.key))
      return [...judged, ...kept.map((alert) => describe({ ...alert, verdict: VERDICT.fails }))]
    },
  }
}

interface Described {
  readonly labelSet: LabelSet
  readonly state: AlertState
  readonly verdict: number
  readonly value: number
}

/** The state of a label set that is not active. */
function stateOf(verdict: number): AlertState {
  return verdict < VERDICT.fails ? 'no_data' : 'inactive'
}

function verdictsByKey({ labelSets, verdicts }: RuleJudgement): ReadonlyMap<string, number> {
  return new Map(labelSets.map(({ key }, index) => [key, verdicts[index]!]))
}
