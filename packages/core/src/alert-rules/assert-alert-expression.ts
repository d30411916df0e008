import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { AlertExpression, LeafExpression } from './alert-expression.ts'
import { matchersOf } from './label-match.ts'
import { faultOfPattern } from './label-pattern.ts'

// https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels
export const METRIC_NAME: RegExp = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
/** Names that begin with two underscores belong to Prometheus. */
export const LABEL_NAME: RegExp = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/

const DEPTH_MAX = 16
/** Longer is a matter for a report, not for an alert. */
const WINDOW_MAX_MS = 366 * 86_400_000
const DAYS_MAX = 31

/**
 * Requires an expression that means the same everywhere.
 *
 * @throws `INVALID_OPTION`
 */
export function assertAlertExpression(expr: AlertExpression, option: string, depth = 0): void {
  const refuse = (requirement: string): never => {
    throw new InvalidOptionError('defineAlertRule', option, requirement)
  }
  if (depth > DEPTH_MAX) refuse(`an expression of at most ${DEPTH_MAX} levels`)
  if (typeof expr !== 'object' || expr === null) refuse(MADE_WITH_MEASURE)

  switch (expr.kind) {
    case 'ratio':
      assertAlertExpression(expr.part, option, depth + 1)
      assertAlertExpression(expr.whole, option, depth + 1)
      if (expr.part.kind === 'absent' || expr.whole.kind === 'absent') refuse(ABSENT_ALONE)
      return
    case 'sum':
    case 'difference':
      assertAlertExpression(expr.left, option, depth + 1)
      assertAlertExpression(expr.right, option, depth + 1)
      if (expr.left.kind === 'absent' || expr.right.kind === 'absent') refuse(ABSENT_ALONE)
      return
    case 'compared':
      assertAlertExpression(expr.of, option, depth + 1)
      if (expr.of.kind === 'absent') refuse(ABSENT_ALONE)
      if (expr.of.kind === 'compared') refuse('compared with earlier days once')
      if (!(Number.isInteger(expr.days) && expr.days >= 1 && expr.days <= DAYS_MAX)) {
        refuse(`compared with 1 to ${DAYS_MAX} days`)
      }
      return
    case 'gauge':
    case 'streak':
    case 'average':
    case 'increase':
    case 'rate':
    case 'observations':
    case 'quantile':
    case 'absent':
      assertLeaf(expr, refuse)
      return
    default:
      refuse(MADE_WITH_MEASURE)
  }
}

const MADE_WITH_MEASURE = 'made with the functions of `measure`'
const ABSENT_ALONE = 'without `absent` inside another expression'

function assertLeaf(expr: LeafExpression, refuse: (requirement: string) => never): void {
  if (typeof expr.metric !== 'string' || !METRIC_NAME.test(expr.metric)) {
    refuse('about a metric named with letters, digits, `_` and `:`, not beginning with a digit')
  }
  if (!isPlain(expr.where) || Object.values(expr.where).includes(null as never)) refuse(MATCHED)
  for (const { label, operator, value } of matchersOf(expr.where)) {
    if (!LABEL_NAME.test(label)) refuse(LABELS_NAMED)
    if (typeof value !== 'string' || !value.isWellFormed()) refuse('matched with texts')
    const fault = operator.endsWith('~') ? faultOfPattern(value) : undefined
    if (fault !== undefined) refuse(`matched with ${fault}`)
  }
  if ('by' in expr && (expr.by !== null || expr.kind === 'quantile')) {
    if (!Array.isArray(expr.by)) refuse("grouped by a list of labels, such as `by: ['queue']`")
    if (!expr.by.every((label) => typeof label === 'string' && LABEL_NAME.test(label))) {
      refuse(LABELS_NAMED)
    }
    if (new Set(expr.by).size !== expr.by.length) refuse('grouped by different labels')
  }
  if ('fold' in expr && !['sum', 'max', 'min'].includes(expr.fold)) {
    refuse('folded with `sum`, `max` or `min`')
  }
  if ('windowMs' in expr) {
    const { windowMs } = expr
    if (!(Number.isInteger(windowMs) && windowMs >= 1 && windowMs <= WINDOW_MAX_MS)) {
      refuse('over a window of whole milliseconds, at least 1 and at most 366 days')
    }
  }
  if (expr.kind === 'quantile' && !(expr.quantile >= 0 && expr.quantile <= 1)) {
    refuse('a quantile between 0 and 1')
  }
  if (expr.kind === 'observations' && expr.atMost !== null && !Number.isFinite(expr.atMost)) {
    refuse('counted up to a finite bound')
  }
  const isHistogram = expr.kind === 'quantile' || expr.kind === 'observations'
  if (isHistogram && ('le' in expr.where || expr.by?.includes('le') === true)) {
    refuse('about a histogram without naming its label `le`')
  }
}

const LABELS_NAMED =
  'about labels named with letters, digits and `_`, not beginning with a digit or `__`'
const MATCHED = "matched with labels, such as `where: { status: '500' }`"

/** A `Map` has its entries elsewhere than where they are read, and would match all series. */
export function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(Symbol.iterator in value)
}
