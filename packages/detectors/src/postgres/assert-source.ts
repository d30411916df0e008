import { InvalidOptionError } from '@assay/core'

/** Requires a name that fits an index entry. */
export function assertSource(factory: string, source: string): void {
  if (source.length === 0 || source.length > 255) {
    throw new InvalidOptionError(factory, 'source', '1 to 255 characters')
  }
}
