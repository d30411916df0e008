import { AssayError } from '../errors/assay-error.ts'
import { assertWholeNumber, InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { AbsentExpression, GaugeExpression, LeafExpression } from './alert-expression.ts'
import type { AlertRuleReader, AlertRuleSource, WindowEdge } from './alert-rule-source.ts'
import { foldTwo } from './group-series.ts'
import { compileMatches, equalitiesOf, type LabelMatches } from './label-match.ts'
import { createLabelSet, EMPTY_LABEL_SET, type LabelSet, type RuleVector } from './rule-vector.ts'

/** A number for one combination of the labels of a metric. */
export interface ReadingRow {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A moment, in epoch milliseconds. */
export interface MomentQuery {
  readonly at: number
  readonly signal: AbortSignal
}

/** A window in epoch milliseconds. Its end is always part of it. */
export interface WindowQuery {
  readonly from: number
  readonly to: number
  /** Whether `from` is part of it: `true` with the edge `closed`. */
  readonly includesFrom: boolean
  readonly signal: AbortSignal
}

/** A window, and the largest value that counts; `null` where all do. */
export interface CountQuery extends WindowQuery {
  readonly atMost: number | null
}

/** A quantile over a window, which cannot be computed from smaller groups. */
export interface QuantileQuery extends WindowQuery {
  readonly quantile: number
  readonly where: LabelMatches
  readonly by: readonly string[]
}

/**
 * What a repository can say about one metric, by all of its labels. Leave out what no rule asks for.
 */
export interface MetricReadings {
  /** The value of a gauge, or the length of a streak. */
  readonly value?: ((query: MomentQuery) => Promise<readonly ReadingRow[]>) | undefined
  /** How many events there were, exactly: for `increase`, `rate` and `observations`. */
  readonly count?: ((query: CountQuery) => Promise<readonly ReadingRow[]>) | undefined
  /** The mean of a gauge. */
  readonly average?: ((query: WindowQuery) => Promise<readonly ReadingRow[]>) | undefined
  /** A quantile for each group of `by`, over what `where` leaves. */
  readonly quantile?: ((query: QuantileQuery) => Promise<readonly ReadingRow[]>) | undefined
}

/** Options of {@link createRepositorySource}. */
export interface RepositorySourceOptions {
  /** What the repositories can say, by name of the metric. */
  readonly readings: Readonly<Record<string, MetricReadings>>
  /** How many rows one reading may give. Default 10,000. */
  readonly rowsMax?: number | undefined
}

/**
 * Measures alert rules on what repositories hold, by exact counts: nothing is estimated, and nothing
 * is lost while this process is down. Each reading gives one row for each combination of labels; the
 * source leaves out what a rule does not ask for, and adds up the rest.
 *
 * A reading that rejects, or gives what is no row, is a failure of the rules that need it: they keep
 * their states.
 *
 * @throws `INVALID_OPTION` here, and from `createRuleEvaluator` for a rule that nothing can measure
 *
 * @example
 * ```ts
 * import { createRepositorySource } from '@assay/core'
 *
 * const source = createRepositorySource({
 *   readings: {
 *     payouts_total: {
 *       // select outcome, count(*) from payouts where at > $1 and at <= $2 group by outcome
 *       count: async () => [{ labels: { outcome: 'failed' }, value: 3 }],
 *     },
 *   },
 * })
 * console.log(typeof source.open) // function
 * ```
 */
export function createRepositorySource({
  readings,
  rowsMax = 10_000,
}: RepositorySourceOptions): AlertRuleSource {
  assertWholeNumber('createRepositorySource', 'rowsMax', rowsMax, { min: 1 })
  return {
    open({ edge, leaves }): AlertRuleReader {
      const measures = new Map(
        leaves.map(({ leaf }) => [leaf, createMeasure(leaf, readings[leaf.metric] ?? {}, edge)]),
      )
      /** One answer for all leaves of a tick, so that a part never outgrows its whole. */
      const answers = new Map<string, Promise<readonly ReadingRow[]>>()
      return {
        sample: () => answers.clear(),
        async read(leaf, at, signal) {
          const measure = measures.get(leaf)!
          const key = `${measure.question} ${at}`
          const answer = answers.get(key) ?? measure.ask(at, signal)
          answers.set(key, answer)
          const rows = await answer
          assertRows(leaf.metric, rows, rowsMax)
          return measure.toVector(rows)
        },
      }
    },
  }
}

/** How a leaf is asked for, and what becomes of the answer. */
interface Measure {
  /** Equal where the same is asked. */
  readonly question: string
  ask(at: number, signal: AbortSignal): Promise<readonly ReadingRow[]>
  toVector(rows: readonly ReadingRow[]): RuleVector
}

function createMeasure(leaf: LeafExpression, readings: MetricReadings, edge: WindowEdge): Measure {
  const windowTo = (to: number, windowMs: number): Omit<WindowQuery, 'signal'> => ({
    from: to - windowMs,
    to,
    includesFrom: edge === 'closed',
  })
  const matches = compileMatches(leaf.where, edge)
  const meant = (rows: readonly ReadingRow[]) => rows.filter(({ labels }) => matches(labels))
  switch (leaf.kind) {
    case 'gauge':
    case 'streak':
    case 'absent': {
      const value = required(leaf, readings.value, 'value')
      return {
        question: `value ${leaf.metric}`,
        ask: (at, signal) => value({ at, signal }),
        toVector: (rows) =>
          leaf.kind === 'absent' ? absenceOf(leaf, meant(rows)) : foldRows(leaf, meant(rows)),
      }
    }
    case 'average': {
      const average = required(leaf, readings.average, 'average')
      return {
        question: `average ${leaf.metric} ${leaf.windowMs}`,
        ask: (at, signal) => average({ ...windowTo(at, leaf.windowMs), signal }),
        toVector: (rows) => foldRows(leaf, meant(rows)),
      }
    }
    case 'increase':
    case 'rate':
    case 'observations': {
      const count = required(leaf, readings.count, 'count')
      const atMost = leaf.kind === 'observations' ? leaf.atMost : null
      const divisor = leaf.kind === 'rate' ? leaf.windowMs / 1_000 : 1
      return {
        question: `count ${leaf.metric} ${leaf.windowMs} ${atMost}`,
        ask: (at, signal) => count({ ...windowTo(at, leaf.windowMs), atMost, signal }),
        toVector: (rows) => zeroUnlessThere(leaf.by, foldRows(leaf, meant(rows), divisor)),
      }
    }
    case 'quantile': {
      const ask = required(leaf, readings.quantile, 'quantile')
      const { metric, quantile, where, by, windowMs } = leaf
      return {
        question: `quantile ${JSON.stringify([metric, quantile, where, by, windowMs])}`,
        ask: (at, signal) => ask({ ...windowTo(at, windowMs), quantile, where, by, signal }),
        toVector: (rows) => foldRows({ by, fold: 'max' }, rows),
      }
    }
  }
}

function required<Reading>(
  { metric }: LeafExpression,
  reading: Reading | undefined,
  name: string,
): Reading {
  if (reading !== undefined) return reading
  const requirement = `able to read \`${name}\` of ${metric}, which a rule asks for`
  throw new InvalidOptionError('createRepositorySource', 'readings', requirement)
}

function foldRows(
  { by, fold }: Pick<GaugeExpression, 'by' | 'fold'>,
  rows: readonly ReadingRow[],
  divisor = 1,
): RuleVector {
  const placeByKey = new Map<string, number>()
  const labelSets: LabelSet[] = []
  const values: number[] = []
  for (const { labels, value } of rows) {
    const labelSet = createLabelSet(labels, by)
    const place = placeByKey.get(labelSet.key)
    if (place === undefined) {
      placeByKey.set(labelSet.key, labelSets.push(labelSet) - 1)
      values.push(value)
    } else {
      values[place] = foldTwo(fold, values[place]!, value)
    }
  }
  return { labelSets, values: values.map((value) => value / divisor) }
}

/** Where there is no row nothing was counted; of which labels there might be, no one can say. */
function zeroUnlessThere(by: readonly string[] | null, vector: RuleVector): RuleVector {
  const isCounted = vector.labelSets.length > 0 || by?.length !== 0
  return isCounted
    ? { ...vector, isZeroElsewhere: true }
    : { labelSets: [EMPTY_LABEL_SET], values: [0] }
}

function absenceOf({ where }: AbsentExpression, rows: readonly ReadingRow[]): RuleVector {
  return { labelSets: [createLabelSet(equalitiesOf(where))], values: [rows.length > 0 ? 0 : 1] }
}

/** What a host's function gave is looked at: a count that came as text would be glued, not added. */
function assertRows(metric: string, rows: readonly ReadingRow[], rowsMax: number): void {
  const refuse = (fault: string): never => {
    throw new AssayError('ALERT_RULE_READING_INVALID', {
      message: `A reading of the metric "${metric}" cannot be used: ${fault}.`,
      retry: 'never',
      context: { metric },
    })
  }
  if (!Array.isArray(rows)) refuse('it is no list of rows')
  if (rows.length > rowsMax) refuse(`it has more than ${rowsMax} rows`)
  const isRow = ({ labels, value }: ReadingRow): boolean =>
    typeof value === 'number' && Object.values(labels).every((label) => typeof label === 'string')
  if (!rows.every(isRow)) refuse('a row has a value that is no number, or a label that is no text')
}
