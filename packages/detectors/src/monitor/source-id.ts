import { InvalidOptionError } from '@assay/core'

/** Fit for the names of metrics, circuit breakers and cursors. */
const SOURCE_ID = /^[A-Za-z][\w.-]{0,49}$/

/**
 * Requires an id under which a monitor takes a source.
 *
 * @param factory the function that was called
 * @param option where the id came from
 * @param id of an event source
 */
export function assertSourceId(factory: string, option: string, id: string): void {
  if (SOURCE_ID.test(id)) return
  const requirement = 'named by a letter and then at most 49 letters, digits and `_.-`'
  throw new InvalidOptionError(factory, option, requirement)
}
