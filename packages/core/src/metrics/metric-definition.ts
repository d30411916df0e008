import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { MetricFamily } from './metric-sample.ts'

/** What was asked for when a metric was made. */
export interface MetricDefinition {
  readonly type: MetricFamily['type']
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  /** Empty unless it is a histogram. */
  readonly buckets: readonly number[]
}

// https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
/** Names that begin with two underscores belong to Prometheus. */
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/

/**
 * Requires what Prometheus can show. A metric that it cannot show would fail the scrape of all.
 *
 * @throws `INVALID_OPTION`
 */
export function assertMetricDefinition(definition: MetricDefinition): void {
  const { type, name, help, labelNames, buckets } = definition
  const refuse = (option: string, requirement: string): never => {
    throw new InvalidOptionError(`metrics.${type}`, option, requirement)
  }

  if (typeof name !== 'string' || !METRIC_NAME.test(name)) {
    refuse('name', 'letters, digits, `_` and `:`, and not begin with a digit')
  }
  if (typeof help !== 'string' || help === '') refuse('help', 'a sentence')
  const isLabelName = (label: unknown): boolean =>
    typeof label === 'string' && LABEL_NAME.test(label)
  if (!labelNames.every(isLabelName)) {
    refuse('labelNames', 'letters, digits and `_`, and not begin with a digit or `__`')
  }
  if (new Set(labelNames).size !== labelNames.length) refuse('labelNames', 'different names')
  if (type !== 'histogram') return

  if (labelNames.includes('le')) refuse('labelNames', 'other than `le`, which names the buckets')
  const isAscending = (bound: number, index: number): boolean =>
    Number.isFinite(bound) && bound > (buckets[index - 1] ?? Number.NEGATIVE_INFINITY)
  if (buckets.length === 0 || !buckets.every(isAscending)) {
    refuse('buckets', 'finite numbers in ascending order, at least one, without +Inf')
  }
}

/** How the second definition of a name differs from the first, or `undefined` where it does not. */
export function differenceBetween(
  first: MetricDefinition,
  second: MetricDefinition,
): string | undefined {
  if (first.type !== second.type) return `it is a ${first.type} already, not a ${second.type}.`
  if (!isSameList(first.labelNames.toSorted(), second.labelNames.toSorted())) {
    return `its labels are [${first.labelNames.join(', ')}] already.`
  }
  if (!isSameList(first.buckets, second.buckets)) return 'it has other buckets already.'
  return undefined
}

/** The names under which its series are shown: a histogram has more than its own. */
export function sampleNamesOf({ type, name }: MetricDefinition): readonly string[] {
  return type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
}

function isSameList<Item>(left: readonly Item[], right: readonly Item[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index])
}
