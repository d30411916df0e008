import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Logger } from '../logger/logger.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Transaction } from './transaction.ts'

/** News of one transaction. */
interface TransactionNews {
  /**
   * Waits for the next change of it that this process makes, and no longer than so many milliseconds.
   *
   * @throws the signal's reason
   */
  within(
    ms: number,
    options: { readonly clock: Clock; readonly signal: AbortSignal | undefined },
  ): Promise<void>
  /** Listens no more. */
  end(): void
}

/** Who hears of changes that were stored. */
export interface TransactionWatch {
  readonly tell: (transaction: Transaction) => void
  /** @returns ends it */
  readonly listen: (listener: (transaction: Transaction) => void) => () => void
  /** Ask for it before reading the transaction, so that no change falls between. */
  nextOf(id: string): TransactionNews
}

/** Makes a watch. A listener that throws costs nobody else the news. */
export function createTransactionWatch(logger: Logger): TransactionWatch {
  const listeners = new Set<(transaction: Transaction) => void>()

  function listen(listener: (transaction: Transaction) => void): () => void {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  return {
    tell(transaction) {
      for (const listener of listeners) {
        try {
          listener(transaction)
        } catch (error) {
          tellQuietly(() => logger.warn({ err: error }, 'A listener to transactions failed.'))
        }
      }
    },
    listen,
    nextOf(id) {
      const heard = new AbortController()
      const end = listen((transaction) => {
        if (transaction.id === id) heard.abort()
      })
      return {
        end,
        async within(ms, { clock, signal }) {
          const either =
            signal === undefined ? heard.signal : AbortSignal.any([heard.signal, signal])
          try {
            await clock.sleep(ms, { signal: either })
          } catch {
            signal?.throwIfAborted()
          }
        },
      }
    },
  }
}
