import type { AlertManagerStore, AlertPutResult } from './alert-manager-store.ts'
import type { StoredAlertChange } from './stored-alert-change.ts'

/** The queue in front of the store. */
export interface AlertIntake<Outcome> {
  /**
   * Hands a change to the store, after those that came before it. Changes that come while the store
   * is busy go to it together.
   *
   * @returns what became of it; `undefined` when too many wait already
   */
  put(change: StoredAlertChange): Promise<Outcome> | undefined
  /** Resolves once nothing waits any more. */
  drain(): Promise<void>
}

/** What an intake needs. */
export interface AlertIntakeOptions<Outcome> {
  readonly store: AlertManagerStore
  readonly limits: { readonly alerts: number; readonly groups: number }
  readonly waitingMax: number
  /** Makes the outcome of a change from the store's answer. */
  readonly settle: (change: StoredAlertChange, result: AlertPutResult) => Outcome
}

/** Changes that go to the store at once. */
const BATCH_MAX = 500

interface Waiting<Outcome> {
  readonly change: StoredAlertChange
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

/** Makes the queue of one manager. */
export function createAlertIntake<Outcome>({
  store,
  limits,
  waitingMax,
  settle,
}: AlertIntakeOptions<Outcome>): AlertIntake<Outcome> {
  let waiting: Waiting<Outcome>[] = []
  /** Changes that the store has, or is given next, and has not answered. */
  let handedOver = 0
  let storing: Promise<void> | undefined

  async function storeAll(): Promise<void> {
    // What is fired in one go is stored in one go.
    await Promise.resolve()
    while (waiting.length > 0) {
      const all = waiting
      waiting = []
      for (let from = 0; from < all.length; from += BATCH_MAX) {
        handedOver = all.length - from
        await storeBatch(all.slice(from, from + BATCH_MAX))
      }
      handedOver = 0
    }
    storing = undefined
  }

  async function storeBatch(batch: readonly Waiting<Outcome>[]): Promise<void> {
    try {
      const results = await store.put(
        batch.map(({ change }) => change),
        limits,
      )
      for (const [index, { change, resolve, reject }] of batch.entries()) {
        const result = results[index]
        if (result === undefined) reject(new Error('The store lost the answer to a change.'))
        else resolve(settle(change, result))
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return {
    put(change) {
      if (waiting.length + handedOver >= waitingMax) return undefined
      const outcome = new Promise<Outcome>((resolve, reject) => {
        waiting.push({ change, resolve, reject })
      })
      storing ??= storeAll()
      return outcome
    },
    async drain() {
      await storing
    },
  }
}
