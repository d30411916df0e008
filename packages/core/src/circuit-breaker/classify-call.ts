import { isAssayError } from '../errors/assay-error.ts'
import type { CircuitVerdict } from './circuit-breaker.ts'

/**
 * The default verdict: what resolves is a success, what rejects is a failure, except the rejection
 * of another circuit further down, which says nothing about this dependency.
 *
 * A custom `classify` usually starts from it.
 *
 * @example
 * ```ts
 * import { classifyCall, createCircuitBreaker } from '@assay/core'
 *
 * const rates = createCircuitBreaker({
 *   name: 'rates',
 *   // A response with status 503 resolves, yet it is a failure of the dependency.
 *   classify: (result) =>
 *     result.status === 'fulfilled' && result.value instanceof Response && result.value.status >= 500
 *       ? 'failure'
 *       : classifyCall(result),
 * })
 * console.log(rates.state) // closed
 * ```
 */
export function classifyCall(result: PromiseSettledResult<unknown>): CircuitVerdict {
  if (result.status === 'fulfilled') return 'success'
  return isAssayError(result.reason, 'CIRCUIT_OPEN') ? 'ignored' : 'failure'
}
