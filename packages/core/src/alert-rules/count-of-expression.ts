import type { AlertExpression } from './alert-expression.ts'

/**
 * The number of events that an expression is computed from, as an expression with the same label
 * sets, or `undefined` where it is not computed from events.
 */
export function countOfExpression(expr: AlertExpression): AlertExpression | undefined {
  if (expr.kind === 'compared') return countOfExpression(expr.of)
  if (expr.kind === 'ratio') return countsEvents(expr.whole) ? asCount(expr.whole) : undefined
  if (expr.kind !== 'quantile') return undefined
  const { metric, where, by, windowMs } = expr
  return { kind: 'observations', metric, where, by, fold: 'sum', windowMs, atMost: null }
}

/**
 * Whether an expression is 0 where it has no series, since a counter has none before its first event.
 * A histogram has all of its buckets from the first on: one that is missing is no bucket of it.
 */
export function isZeroWithoutSeries(expr: AlertExpression): boolean {
  if (expr.kind === 'sum' || expr.kind === 'difference') {
    return isZeroWithoutSeries(expr.left) && isZeroWithoutSeries(expr.right)
  }
  return countsEvents(expr) && !(expr.kind === 'observations' && expr.atMost !== null)
}

function countsEvents(expr: AlertExpression): boolean {
  if (expr.kind === 'sum' || expr.kind === 'difference') {
    return countsEvents(expr.left) && countsEvents(expr.right)
  }
  return expr.kind === 'increase' || expr.kind === 'rate' || expr.kind === 'observations'
}

function asCount(expr: AlertExpression): AlertExpression {
  if (expr.kind === 'rate') return { ...expr, kind: 'increase' }
  if (expr.kind !== 'sum' && expr.kind !== 'difference') return expr
  return { ...expr, left: asCount(expr.left), right: asCount(expr.right) }
}
