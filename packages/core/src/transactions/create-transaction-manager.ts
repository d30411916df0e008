import { tellQuietly } from '../errors/tell-quietly.ts'
import { cancelTransaction } from './cancel-transaction.ts'
import { enqueueTransactions } from './enqueue-transactions.ts'
import type { JsonValue } from './json-value.ts'
import {
  parseTransactionManagerOptions,
  type TransactionManagerOptions,
  type TransactionManagerSettings,
} from './parse-transaction-manager-options.ts'
import { createRecomposers } from './recomposers.ts'
import {
  createLaneRunner,
  type LaneRoundOptions,
  type LaneRunner,
} from './transaction-lane-runner.ts'
import type { TransactionManager, TransactionTick } from './transaction-manager.ts'
import { transactionNotFoundError } from './transaction-not-found-error.ts'
import { createTransactionWatch } from './transaction-watch.ts'
import { isFinalState, type Transaction } from './transaction.ts'
import { createWakeUp } from './wake-up.ts'

/**
 * Makes a transaction manager: it stores what shall be executed before anything is sent, and takes each
 * transaction from its request to a final block, through crashes, lost answers, stuck fees and
 * reorganised chains. Several processes may share a store; each lane is worked on by one of them.
 *
 * @param options.sender the way to the chain: `createEvmSender`, `createSolanaSender`
 * @param options.store where transactions are kept
 * @param options.policy limits and times
 * @throws {InvalidOptionError} `INVALID_OPTION`
 *
 * @example
 * ```ts
 * import { createMemoryTransactionStore, createTransactionManager } from '@assay/core'
 * import { createFakeChain, createTestClock } from '@assay/core/testing'
 *
 * const clock = createTestClock()
 * const chain = createFakeChain({ finalityDepth: 0 })
 * const transactions = createTransactionManager({
 *   sender: chain.sender(),
 *   store: createMemoryTransactionStore(),
 *   clock,
 * })
 * const request = { idempotencyKey: 'payout-7', payload: { writes: 'hello' } }
 * const [queued] = await transactions.enqueue([request])
 * await transactions.tick() // signed, stored, sent
 * chain.mine()
 * await transactions.tick() // found in a final block
 * const { state } = await transactions.wait(queued?.transaction.id ?? '', 'final')
 * console.log(state, chain.writes()) // confirmed [ 'hello' ]
 * ```
 */
export function createTransactionManager<Payload extends JsonValue = JsonValue>(
  options: TransactionManagerOptions<Payload>,
): TransactionManager<Payload> {
  // Payloads go through the manager unread: only the sender knows what they are.
  const settings = parseTransactionManagerOptions(options)
  return createManager(settings) as TransactionManager<Payload>
}

function createManager(settings: TransactionManagerSettings): TransactionManager {
  const { sender, store, policy, clock, logger } = settings
  const now = (): number => clock.now()
  const watch = createTransactionWatch(logger)
  const wakeUp = createWakeUp(clock)
  const recomposers = createRecomposers(logger)
  const { recompose } = recomposers
  const lanes = sender.accounts.map((account) =>
    createLaneRunner(account, settings, { recompose, onMoved: watch.tell }),
  )
  const closing = new AbortController()
  let isDraining = false
  let running: Promise<void> | undefined

  async function read(id: string): Promise<Transaction> {
    const [transaction] = await store.get([id])
    if (transaction === undefined) throw transactionNotFoundError(id)
    return transaction
  }

  async function tick({ signal }: { readonly signal?: AbortSignal | undefined } = {}) {
    signal?.throwIfAborted()
    const options: LaneRoundOptions = { isDraining, signal }
    return sumOf(await Promise.all(lanes.map((lane) => takeRound(lane, options, settings))))
  }

  async function runUntil(signal: AbortSignal): Promise<void> {
    await sender.verify({ signal })
    while (!signal.aborted) {
      const { hasMore, errors } = await tick()
      const isBusy = hasMore && errors === 0
      if (!isBusy) await wakeUp.wait(policy.pollMs, signal)
    }
  }

  const manager: TransactionManager = {
    async enqueue(requests) {
      const enqueued = await enqueueTransactions(requests, settings)
      wakeUp.now()
      return enqueued
    },
    async wait(id, until, { signal } = {}) {
      for (;;) {
        const news = watch.nextOf(id)
        try {
          const transaction = await read(id)
          if (hasReached(transaction, until)) return transaction
          // Another process may work on its lane, and tells nobody here.
          await news.within(policy.pollMs, { clock, signal })
        } finally {
          news.end()
        }
      }
    },
    getMany: (ids) => store.get(ids),
    find: async (idempotencyKey) => store.find(idempotencyKey),
    get: async (id) => (await store.get([id]))[0] ?? null,
    list: ({ limit = 100, ...filter } = {}) => store.list({ ...filter, limit }),
    async cancel(id) {
      const cancelled = await cancelTransaction(id, { store, now })
      for (const lane of lanes) lane.invalidate()
      wakeUp.now()
      return cancelled
    },
    watchTransactions: watch.listen,
    recomposeWith: recomposers.add,
    tick,
    async run({ signal } = {}) {
      const end = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
      running ??= runUntil(end).finally(() => {
        running = undefined
      })
      await running
    },
    async recover(recovering) {
      await sender.verify({ signal: recovering?.signal ?? closing.signal })
      return tick(recovering)
    },
    async drain({ signal } = {}) {
      isDraining = true
      for (;;) {
        const { live, errors } = await tick({ signal })
        if (live === 0 && errors === 0) return
        await clock.sleep(policy.pollMs, { signal })
      }
    },
    status: () => lanes.map((lane) => lane.status()),
    async close() {
      closing.abort()
      await running?.catch(() => {})
      await Promise.all(lanes.map((lane) => lane.release()))
    },
    [Symbol.asyncDispose]: () => manager.close(),
  }
  return manager
}

/** One lane that fails holds up no other. `null` where another process works on it. */
async function takeRound(
  lane: LaneRunner,
  options: LaneRoundOptions,
  { logger, sender: { chain } }: TransactionManagerSettings,
): Promise<TransactionTick> {
  try {
    const round = await lane.round(options)
    return { live: round?.live ?? 0, hasMore: round?.hasMore ?? false, errors: 0 }
  } catch (error) {
    options.signal?.throwIfAborted()
    const message = 'A round of a lane failed, and is taken again.'
    tellQuietly(() => logger.error({ err: error, chain }, message))
    return { live: lane.status().live, hasMore: false, errors: 1 }
  }
}

function sumOf(ticks: readonly TransactionTick[]): TransactionTick {
  return {
    live: ticks.reduce((sum, { live }) => sum + live, 0),
    hasMore: ticks.some(({ hasMore }) => hasMore),
    errors: ticks.reduce((sum, { errors }) => sum + errors, 0),
  }
}

function hasReached({ state }: Transaction, until: 'mined' | 'final'): boolean {
  return isFinalState(state) || (until === 'mined' && state === 'mined')
}
