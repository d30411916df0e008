import type { CreateId } from '../runtime/create-id.ts'

/**
 * Identifiers `id-1`, `id-2`, … for tests that compare whole results.
 *
 * @param prefix what stands before the number
 *
 * @example
 * ```ts
 * import { createSequentialId } from '@assay/core/testing'
 *
 * const createId = createSequentialId('alert')
 * console.log(createId(), createId()) // alert-1 alert-2
 * ```
 */
export function createSequentialId(prefix = 'id'): CreateId {
  let last = 0
  return () => {
    last += 1
    return `${prefix}-${last}`
  }
}
