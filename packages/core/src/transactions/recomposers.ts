import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Logger } from '../logger/logger.ts'
import type { RecomposeTransaction } from './lane-context.ts'

/** Who is asked for newer values before an attempt is replaced. */
export interface Recomposers {
  /** @returns ends it */
  readonly add: (recompose: RecomposeTransaction) => () => void
  readonly recompose: RecomposeTransaction
}

/** Makes an empty list. One that fails has nothing newer: what is stuck is replaced all the same. */
export function createRecomposers(logger: Logger): Recomposers {
  const asked = new Set<RecomposeTransaction>()

  return {
    add(recompose) {
      asked.add(recompose)
      return () => void asked.delete(recompose)
    },
    async recompose(transaction, options) {
      for (const ask of asked) {
        try {
          const recomposed = await ask(transaction, options)
          if (recomposed !== null) return recomposed
        } catch (error) {
          options.signal.throwIfAborted()
          tellQuietly(() => logger.warn({ err: error }, 'Newer values could not be had.'))
        }
      }
      return null
    },
  }
}
