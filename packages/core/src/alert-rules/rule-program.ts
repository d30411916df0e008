import { type AlertExpression, isLeafExpression, type LeafExpression } from './alert-expression.ts'
import type { AlertRuleReadings } from './alert-rule-source.ts'
import type { AlertCondition, AlertRule } from './alert-rule.ts'
import { compileLeafToPromql, DAY_MS } from './compile-promql.ts'
import { countOfExpression, isZeroWithoutSeries } from './count-of-expression.ts'
import { judge, judgeBoth, judgeEither, type RuleJudgement } from './rule-judgement.ts'
import { createVectorLookup, type LabelSet, type RuleVector } from './rule-vector.ts'

/** One measurement of a tick, or why it failed. */
export type Reading = { readonly vector: RuleVector } | { readonly cause: unknown }

/** A leaf, and how long ago it is measured, in milliseconds. */
export interface Slot {
  readonly leaf: LeafExpression
  readonly offsetMs: number
}

/** Rules, made ready to be evaluated again and again. */
export interface RuleProgram {
  /** What must be measured in each tick, each once. Readings come in this order. */
  readonly slots: readonly Slot[]
  readonly leaves: AlertRuleReadings['leaves']
  evaluate(
    rule: number,
    readings: readonly Reading[],
  ): { readonly judgement: RuleJudgement } | { readonly cause: unknown }
}

/** Computes something from the measurements of a tick. */
type Step<Result> = (vectors: readonly RuleVector[]) => Result

/** Gives a measurement its place among those of a tick. */
type SlotOf = (leaf: LeafExpression, offsetMs: number) => number

/** Makes rules ready: equal leaves of different rules are measured once. */
export function createRuleProgram(rules: readonly AlertRule[]): RuleProgram {
  const slots: Slot[] = []
  const slotByKey = new Map<string, number>()
  const leafByKey = new Map<string, LeafExpression>()

  function slotOf(leaf: LeafExpression, offsetMs: number): number {
    const leafKey = `${leaf.kind} ${compileLeafToPromql(leaf, 0)}`
    const key = `${offsetMs} ${leafKey}`
    const existing = slotByKey.get(key)
    if (existing !== undefined) return existing
    const shared = leafByKey.get(leafKey) ?? leaf
    leafByKey.set(leafKey, shared)
    slotByKey.set(key, slots.length)
    return slots.push({ leaf: shared, offsetMs }) - 1
  }

  const compiled = rules.map((rule) => {
    const needed = new Set<number>()
    const step = compileRule(rule, (leaf, offsetMs) => {
      const slot = slotOf(leaf, offsetMs)
      needed.add(slot)
      return slot
    })
    return { step, needed: [...needed] }
  })
  const leaves = Array.from(
    Map.groupBy(slots, ({ leaf }) => leaf),
    ([leaf, group]) => ({ leaf, offsetMaxMs: Math.max(...group.map(({ offsetMs }) => offsetMs)) }),
  )

  return {
    slots,
    leaves,
    evaluate(rule, readings) {
      const { step, needed } = compiled[rule]!
      const vectors: RuleVector[] = []
      for (const slot of needed) {
        const reading = readings[slot]!
        if ('cause' in reading) return reading
        vectors[slot] = reading.vector
      }
      return { judgement: step(vectors) }
    },
  }
}

function compileRule({ and, or, ...condition }: AlertRule, slotOf: SlotOf): Step<RuleJudgement> {
  const compile = (each: AlertCondition): Step<RuleJudgement> => compileCondition(each, slotOf)
  const all = and
    .map(compile)
    .reduce(
      (left, right) => (vectors) => judgeBoth(left(vectors), right(vectors)),
      compile(condition),
    )
  return or
    .map(compile)
    .reduce((left, right) => (vectors) => judgeEither(left(vectors), right(vectors)), all)
}

function compileCondition(condition: AlertCondition, slotOf: SlotOf): Step<RuleJudgement> {
  const measurement = compileExpression(condition.expr, 0, slotOf)
  const counted = condition.minSamples === 0 ? undefined : countOfExpression(condition.expr)
  const count = counted && compileExpression(counted, 0, slotOf)
  return (vectors) => judge(condition, measurement(vectors), count?.(vectors))
}

function compileExpression(
  expr: AlertExpression,
  offsetMs: number,
  slotOf: SlotOf,
): Step<RuleVector> {
  const compile = (inner: AlertExpression, offset = offsetMs): Step<RuleVector> =>
    compileExpression(inner, offset, slotOf)
  if (isLeafExpression(expr)) {
    const slot = slotOf(expr, offsetMs)
    return (vectors) => vectors[slot]!
  }
  switch (expr.kind) {
    case 'ratio': {
      const part = compile(expr.part)
      const whole = compile(expr.whole)
      const isZero = isZeroWithoutSeries(expr.part)
      return (vectors) => divide(part(vectors), whole(vectors), isZero)
    }
    case 'sum':
      return combine(compile(expr.left), compile(expr.right), (left, right) => left + right)
    case 'difference': {
      const left = compile(expr.left)
      const right = compile(expr.right)
      return (vectors) => subtract(left(vectors), right(vectors))
    }
    case 'compared': {
      const days = Array.from({ length: expr.days }, (_, day) =>
        compile(expr.of, offsetMs + (day + 1) * DAY_MS),
      )
      const sum = days.reduce((left, right) => combine(left, right, (a, b) => a + b))
      return combine(compile(expr.of), sum, (now, before) => now / (before / expr.days))
    }
  }
}

/** @param isZero whether the part is 0 where it is missing */
function divide(part: RuleVector, whole: RuleVector, isZero: boolean): RuleVector {
  if (!isZero && part.isZeroElsewhere !== true) return zip(part, whole, shareOf)
  const lookup = createVectorLookup(part)
  const values = new Float64Array(whole.labelSets.length)
  for (let index = 0; index < values.length; index += 1) {
    const divisor = whole.values[index]!
    const place = lookup.indexOf(whole.labelSets[index]!, index)
    // No number where the whole is infinite, as the exported rule has it.
    const none = divisor - divisor
    values[index] = shareOf(place < 0 ? none : part.values[place]!, divisor)
  }
  return { labelSets: whole.labelSets, values, ...flawsOf(part, whole) }
}

function subtract(left: RuleVector, right: RuleVector): RuleVector {
  return zip(left, right, (from, what) => from - what, right.isZeroElsewhere === true)
}

/** There is no share of nothing, not even an infinitely large one. */
function shareOf(part: number, whole: number): number {
  return whole === 0 ? Number.NaN : part / whole
}

function combine(
  left: Step<RuleVector>,
  right: Step<RuleVector>,
  compute: (left: number, right: number) => number,
): Step<RuleVector> {
  return (vectors) => zip(left(vectors), right(vectors), compute)
}

/**
 * Computes a value for each label set that both have.
 *
 * @param isRightZero whether the right is 0 for those that only the left has
 */
function zip(
  left: RuleVector,
  right: RuleVector,
  compute: (left: number, right: number) => number,
  isRightZero = false,
): RuleVector {
  const lookup = createVectorLookup(right)
  const values: number[] = []
  const isShared = left.labelSets.map((labelSet, index) => {
    const place = lookup.indexOf(labelSet, index)
    const isThere = place >= 0 || isRightZero
    if (isThere) values.push(compute(left.values[index]!, place < 0 ? 0 : right.values[place]!))
    return isThere
  })
  // The same list of label sets tells those who come later that nothing changed.
  const isWhole = values.length === left.labelSets.length
  return {
    labelSets: isWhole ? left.labelSets : left.labelSets.filter((_, index) => isShared[index]),
    values,
    ...flawsOf(left, right),
  }
}

/** What is computed from two vectors lacks what either of them lacks. */
function flawsOf(
  left: RuleVector,
  right: RuleVector,
): Pick<RuleVector, 'isIncomplete' | 'withoutBucket'> {
  const { withoutBucket: ofLeft = NONE } = left
  const { withoutBucket: ofRight = NONE } = right
  return {
    isIncomplete: left.isIncomplete === true || right.isIncomplete === true,
    withoutBucket: ofRight.length === 0 ? ofLeft : [...ofLeft, ...ofRight],
  }
}

const NONE: readonly LabelSet[] = []
