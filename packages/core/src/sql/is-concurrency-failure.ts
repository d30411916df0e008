/**
 * Whether PostgreSQL gave up a transaction because of others that ran at the same time: it could not
 * be put in an order with them (SQLSTATE 40001), or was chosen to end a deadlock (40P01). It was
 * rolled back as a whole, so it may be run again as a whole. Databases whose isolation is stricter
 * than READ COMMITTED by default answer so to single statements too.
 *
 * @param error what a `SqlClient` rejected with
 * @returns `false` for anything that does not carry one of the two codes
 *
 * @example
 * ```ts
 * import { isConcurrencyFailure } from '@assay/core'
 *
 * const deadlock = Object.assign(new Error('deadlock detected'), { code: '40P01' })
 * console.log(isConcurrencyFailure(deadlock), isConcurrencyFailure(new Error('no'))) // true false
 * ```
 */
export function isConcurrencyFailure(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code
  return code === '40001' || code === '40P01'
}
