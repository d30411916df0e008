import type { AlertCondition, AlertOperator } from './alert-rule.ts'
import {
  createVectorLookup,
  EMPTY_LABEL_SET,
  type LabelSet,
  type RuleVector,
} from './rule-vector.ts'

/** What a condition says about a label set. The order matters: each is stronger than those before. */
export const VERDICT = {
  window_not_covered: 0,
  no_bucket: 1,
  no_series: 2,
  too_few_samples: 3,
  not_a_number: 4,
  fails: 5,
  holds: 6,
} as const

/** What a condition, or a rule, says about each label set. */
export interface RuleJudgement {
  readonly labelSets: readonly LabelSet[]
  readonly values: ArrayLike<number>
  readonly verdicts: Uint8Array
}

/** Compares measurements with the threshold, where there are enough events. */
export function judge(
  { op, threshold, minSamples }: AlertCondition,
  measured: RuleVector,
  counts: RuleVector | undefined,
): RuleJudgement {
  const { labelSets, values, isIncomplete } = measured
  if (isIncomplete === true || counts?.isIncomplete === true) return judgeIncomplete(labelSets)
  const holds = COMPARE[op]
  const lookup = counts && createVectorLookup(counts)
  const verdicts = new Uint8Array(labelSets.length)
  for (let index = 0; index < verdicts.length; index += 1) {
    const value = values[index]!
    if (lookup !== undefined) {
      const place = lookup.indexOf(labelSets[index]!, index)
      if (place < 0 || !(counts!.values[place]! >= minSamples)) {
        verdicts[index] = VERDICT.too_few_samples
        continue
      }
    }
    if (Number.isNaN(value)) verdicts[index] = VERDICT.not_a_number
    else verdicts[index] = holds(value, threshold) ? VERDICT.holds : VERDICT.fails
  }
  return withoutBuckets({ labelSets, values, verdicts }, measured)
}

/** Says of the label sets that lack a bucket why there is no value for them. */
function withoutBuckets(
  judgement: RuleJudgement,
  { withoutBucket = [] }: RuleVector,
): RuleJudgement {
  if (withoutBucket.length === 0) return judgement
  const labelSetByKey = new Map(withoutBucket.map((labelSet) => [labelSet.key, labelSet]))
  for (const { key } of judgement.labelSets) labelSetByKey.delete(key)
  const lacking = [...labelSetByKey.values()]
  return {
    labelSets: [...judgement.labelSets, ...lacking],
    values: [...Array.from(judgement.values), ...lacking.map(() => Number.NaN)],
    verdicts: Uint8Array.from([...judgement.verdicts, ...lacking.map(() => VERDICT.no_bucket)]),
  }
}

/** Whatever was measured, it is not shown either. */
function judgeIncomplete(labelSets: readonly LabelSet[]): RuleJudgement {
  const those = labelSets.length > 0 ? labelSets : NO_LABEL_SETS
  return {
    labelSets: those,
    values: new Float64Array(those.length).fill(Number.NaN),
    verdicts: new Uint8Array(those.length).fill(VERDICT.window_not_covered),
  }
}

const NO_LABEL_SETS: readonly LabelSet[] = [EMPTY_LABEL_SET]

const COMPARE: Readonly<Record<AlertOperator, (value: number, threshold: number) => boolean>> = {
  '>': (value, threshold) => value > threshold,
  '>=': (value, threshold) => value >= threshold,
  '<': (value, threshold) => value < threshold,
  '<=': (value, threshold) => value <= threshold,
  '==': (value, threshold) => value === threshold,
  '!=': (value, threshold) => value !== threshold,
}

/** Both must hold for a label set. Where one fails, it is settled; else one without data prevails. */
export function judgeBoth(left: RuleJudgement, right: RuleJudgement): RuleJudgement {
  const lookup = createVectorLookup(right)
  const verdicts = left.verdicts.map((verdict, index) => {
    const place = lookup.indexOf(left.labelSets[index]!, index)
    const other = place < 0 ? VERDICT.no_series : right.verdicts[place]!
    if (verdict === VERDICT.fails || other === VERDICT.fails) return VERDICT.fails
    return Math.min(verdict, other)
  })
  return { ...left, verdicts }
}

/** One is enough for a label set; the value is that of the one that holds. */
export function judgeEither(left: RuleJudgement, right: RuleJudgement): RuleJudgement {
  const labelSets = [...left.labelSets]
  const values = Array.from(left.values)
  const verdicts = [...left.verdicts]
  const lookup = createVectorLookup(left)
  for (const [index, labelSet] of right.labelSets.entries()) {
    const verdict = right.verdicts[index]!
    const place = lookup.indexOf(labelSet, index)
    if (place >= 0 && verdicts[place]! >= verdict) continue
    const target = place < 0 ? labelSets.push(labelSet) - 1 : place
    verdicts[target] = verdict
    values[target] = right.values[index]!
  }
  return { labelSets, values, verdicts: Uint8Array.from(verdicts) }
}
