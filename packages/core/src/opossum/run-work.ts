/**
 * The action of an opossum breaker that {@link createOpossumCircuitBreaker} is handed: it runs the
 * work of each call. It always returns a promise, for opossum takes work that returns `undefined` for
 * a failure.
 *
 * @param work what one call does; it may be asynchronous or not
 * @returns what `work` returned, or a rejection with what it threw
 *
 * @example
 * ```ts
 * import { runWork } from '@assay/core/opossum'
 * // @ts-expect-error -- opossum has no types of its own; those of @types/opossum fit
 * import Opossum from 'opossum'
 *
 * const rates = new Opossum(runWork, { name: 'rates' })
 * console.log(await rates.fire(() => 1.25)) // 1.25
 * ```
 */
export function runWork<Result>(work: () => Result | PromiseLike<Result>): Promise<Result> {
  try {
    return Promise.resolve(work())
  } catch (error) {
    return Promise.reject(error)
  }
}
