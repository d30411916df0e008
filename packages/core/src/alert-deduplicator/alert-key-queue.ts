import type { Clock } from '../runtime/clock.ts'
import type { AlertDeduplicatorStore } from './alert-deduplicator-store.ts'
import { type AlertKeyState, createAlertKeyState, isSpent } from './alert-key-state.ts'
import { DeduplicatorContentionError } from './deduplicator-contention-error.ts'

/** Reads or changes the state of one key. It may run several times, and only the last run counts. */
export interface AlertKeyStep<Result> {
  run(state: AlertKeyState, now: number): Result
  /** Whether it leaves the state as it is: such steps alone commit nothing. */
  readonly readsOnly?: true
  /** The result when there is no room for the key; a step that cannot begin a key needs none. */
  readonly refused?: Result
}

export interface AlertKeyQueueOptions {
  readonly store: AlertDeduplicatorStore
  readonly clock: Clock
  readonly maxKeys: number
  readonly commitAttemptsMax: number
  readonly waitingMax: number
  readonly onEvicted: () => void
}

/** Applies steps to keys in a store. */
export interface AlertKeyQueue {
  apply<Result>(key: string, step: AlertKeyStep<Result>): Promise<Result>
}

interface WaitingStep {
  readonly step: AlertKeyStep<unknown>
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
}

/**
 * Applies the steps of a key in the order in which they came, one commit at a time; the steps that
 * come while a commit is under way share the next one. So a dependency that fails a thousand times at
 * once costs a few commits, and compare-and-set only ever loses to other processes.
 *
 * A lost race is run again at once: someone won it, so the whole makes progress.
 */
export function createAlertKeyQueue(options: AlertKeyQueueOptions): AlertKeyQueue {
  const { waitingMax } = options
  const lines = new Map<string, WaitingStep[]>()
  let waiting = 0

  async function serve(key: string, line: WaitingStep[]): Promise<void> {
    while (line.length > 0) {
      const batch = line.splice(0)
      try {
        const results = await commitSteps(
          key,
          batch.map(({ step }) => step),
          options,
        )
        for (const [index, { resolve }] of batch.entries()) resolve(results[index] as never)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
      waiting -= batch.length
    }
    lines.delete(key)
  }

  return {
    apply: (key, step) =>
      new Promise((resolve, reject) => {
        if (waiting >= waitingMax) {
          reject(new DeduplicatorContentionError({ attempts: 0, waiting }))
          return
        }
        waiting += 1
        const line = lines.get(key)
        if (line !== undefined) {
          line.push({ step, resolve, reject })
          return
        }
        const newLine = [{ step, resolve, reject }]
        lines.set(key, newLine)
        void serve(key, newLine)
      }),
  }
}

async function commitSteps(
  key: string,
  steps: readonly AlertKeyStep<unknown>[],
  { store, clock, maxKeys, commitAttemptsMax, onEvicted }: AlertKeyQueueOptions,
): Promise<readonly unknown[]> {
  for (let attempt = 1; attempt <= commitAttemptsMax; attempt += 1) {
    const loaded = await store.load(key)
    const state = loaded?.state ?? createAlertKeyState()
    const now = Math.floor(clock.now())
    const results = steps.map((step) => step.run(state, now))
    if (steps.every(({ readsOnly }) => readsOnly)) return results
    const next = isSpent(state) ? undefined : state

    if (loaded === undefined) {
      if (next === undefined) return results
      const room = await store.makeRoom(maxKeys)
      if (room === 'full') return steps.map((step) => refuse(step, now))
      if (room === 'evicted') onEvicted()
    }
    if (await store.commit({ key, expectedVersion: loaded?.version, next })) return results
  }
  throw new DeduplicatorContentionError({ attempts: commitAttemptsMax, waiting: steps.length })
}

function refuse(step: AlertKeyStep<unknown>, now: number): unknown {
  return step.refused ?? step.run(createAlertKeyState(), now)
}
