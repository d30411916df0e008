import { AssayError } from '../errors/assay-error.ts'

/**
 * A call for a key could not take effect, because too many others work on the store's keys: either
 * each attempt found the key changed, or too many calls were waiting. Nothing was changed.
 */
export class DeduplicatorContentionError extends AssayError<
  'DEDUPLICATOR_CONTENTION',
  { attempts: number; waiting: number }
> {
  override readonly name = 'DeduplicatorContentionError'

  constructor({ attempts, waiting }: { attempts: number; waiting: number }) {
    super('DEDUPLICATOR_CONTENTION', {
      message:
        attempts === 0
          ? `The call was not begun: ${waiting} others wait for the alert store.`
          : `The alert store had another change of the key at each of ${attempts} attempts.`,
      retry: 'safe',
      context: { attempts, waiting },
    })
  }
}
