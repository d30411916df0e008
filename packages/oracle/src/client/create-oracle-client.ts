import {
  type ActiveFailure,
  AssayError,
  type Clock,
  createAlertDeduplicator,
  type CreateId,
  isFinalState,
  type Logger,
  type Metrics,
  noMetrics,
  type Random,
  silentLogger,
  systemClock,
  systemCreateId,
  systemRandom,
  type TransactionAlerts,
} from '@assay/core'

import type { OracleCallStore } from '../calls/oracle-call-store.ts'
import { isEndedCall, type OracleCall } from '../calls/oracle-call.ts'
import { createCallWatch } from './call-watch.ts'
import { checkIntent } from './check-intent.ts'
import type {
  FailingMarket,
  OracleClient,
  OracleIntent,
  OracleSubmission,
  OracleTick,
} from './oracle-client.ts'
import type { OracleContext, OracleTransactions } from './oracle-context.ts'
import type { OracleContract } from './oracle-contract.ts'
import { createOracleTally } from './oracle-metrics.ts'
import { type OraclePolicy, parseOraclePolicy } from './oracle-policy.ts'
import { renewCarrier } from './renew-carrier.ts'
import { groupByCarrier, handOver, sendCalls } from './send-calls.ts'
import { type EndedCarrier, settleCalls } from './settle-calls.ts'
import { createSubmissionQueue } from './submission-queue.ts'

/** Options of {@link createOracleClient}; the transactions, the store and the contract are required. */
export interface OracleClientOptions {
  /** The transaction manager of the contract's chain. It must be run beside the client. */
  readonly transactions: OracleTransactions
  /** Where calls are kept; several processes may share it. */
  readonly store: OracleCallStore
  /** What is written to: `evmOracleContract`. */
  readonly contract: OracleContract
  /** Which of the manager's accounts signs. Default the first. */
  readonly account?: string | undefined
  /** Limits and times; every one has a default. */
  readonly policy?: Partial<OraclePolicy> | undefined
  /** Who hears of markets that fail. */
  readonly alerts?: TransactionAlerts | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  readonly createId?: CreateId | undefined
  readonly metrics?: Metrics | undefined
  readonly logger?: Logger | undefined
}

/** Carried calls that are looked at in one round. */
const CARRIED_MAX = 10_000

/**
 * Makes an oracle client: it stores values that shall be on chain, leaves out those that are out of
 * date, carries many in one transaction, tries again what fails, and keeps the history of every call.
 * A value that it has taken is written exactly once, whatever happens to the process.
 *
 * @param options.transactions sends; `createTransactionManager` of `@assay/core`
 * @param options.contract what is written to
 * @param options.policy tries, alerts, deviation and heartbeat
 * @throws {InvalidOptionError} `INVALID_OPTION`
 */
export function createOracleClient(options: OracleClientOptions): OracleClient {
  const context = contextOf(options)
  const { transactions, store, contract, policy, failures, clock, tally } = context
  const watch = createCallWatch(clock, policy.pollMs)
  const submissions = createSubmissionQueue(store, clock)
  const closing = new AbortController()
  const endings = [
    transactions.recomposeWith((transaction) => renewCarrier(context, transaction)),
    transactions.watchTransactions(({ state }) => {
      if (state === 'mined' || isFinalState(state)) watch.tell()
    }),
  ]
  let isDraining = false

  async function submitMany(
    intents: readonly OracleIntent[],
  ): Promise<readonly OracleSubmission[]> {
    const calls = intents.map((intent) => checkIntent(intent, context))
    const submitted = await submissions.submit(calls)
    watch.tell()
    return submitted.map(({ outcome, call }) => ({
      id: call.id,
      outcome: outcome === 'known' ? 'known' : outcomeOf(call, clock.now()),
      call,
    }))
  }

  /** What became of transactions that carry calls; those that were not asked for yet are. */
  async function settleCarried(): Promise<{ settled: number; carriers: number; carried: number }> {
    const calls = await store.listCarried(contract.key, CARRIED_MAX)
    if (calls.length === 0) return { settled: 0, carriers: 0, carried: 0 }
    const carriers = groupByCarrier(calls)
    const ids = new Set(calls.flatMap(({ transactionId }) => transactionId ?? []))
    const transactionsById = new Map(
      (await transactions.getMany([...ids])).map((transaction) => [transaction.id, transaction]),
    )
    const ended: EndedCarrier[] = []
    const notAsked = new Map<string, readonly OracleCall[]>()
    for (const [carrier, ofCarrier] of carriers) {
      const id = ofCarrier.find(({ transactionId }) => transactionId !== null)?.transactionId
      const transaction = transactionsById.get(id ?? '')
      if (transaction !== undefined && isFinalState(transaction.state)) {
        ended.push({ transaction, calls: ofCarrier })
      } else if (id == null && !(await isKnown(carrier))) notAsked.set(carrier, ofCarrier)
    }
    const settled = await settleCalls(context, ended)
    await handOver(context, notAsked)
    return { settled, carriers: carriers.size - ended.length, carried: calls.length - settled }
  }

  /** After a crash between asking for a transaction and noting it. */
  async function isKnown(carrier: string): Promise<boolean> {
    const transaction = await transactions.find(carrier)
    if (transaction !== null) await store.attach([{ carrier, transactionId: transaction.id }])
    return transaction !== null
  }

  async function tick(): Promise<OracleTick> {
    const { settled, carriers, carried } = await settleCarried()
    const sent = isDraining || !holdsLane(context) ? 0 : await sendCalls(context, carriers)
    tally.carried(carried + sent)
    if (settled > 0) watch.tell()
    return { sent, settled, carried: carried + sent }
  }

  async function read(id: bigint): Promise<OracleCall> {
    const [call] = await store.get([id])
    if (call === undefined) throw callNotFoundError(id)
    return call
  }

  async function isMined({ transactionId, carrier }: OracleCall): Promise<boolean> {
    if (transactionId === null || carrier === null) return false
    const [transaction] = await transactions.getMany([transactionId])
    return transaction?.state === 'mined' || transaction?.state === 'confirmed'
  }

  const client: OracleClient = {
    async submit(intent) {
      const [submission] = await submitMany([intent])
      if (submission === undefined) throw new Error('The store has answered nothing.')
      return submission
    },
    submitMany,
    async wait(id, until, { signal } = {}) {
      for (;;) {
        const news = watch.next()
        const call = await read(id)
        if (isEndedCall(call) || (until === 'mined' && (await isMined(call)))) return call
        await news.wait(signal)
      }
    },
    history: (filter = {}) => store.history(filter),
    attempts: (id) => store.listAttempts(id),
    failingMarkets: () => failures.activeFailures().map(failingMarketOf),
    tick,
    async run({ signal } = {}) {
      const end = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
      while (!end.aborted) {
        const news = watch.next()
        await tick().catch((error: unknown) => {
          context.logger.error({ err: error }, 'A round of the oracle failed, and is taken again.')
        })
        await news.wait(end).catch(() => {})
      }
    },
    recover: tick,
    async drain({ signal } = {}) {
      isDraining = true
      while ((await tick()).carried > 0) await watch.next().wait(signal)
    },
    async close() {
      closing.abort()
      for (const end of endings) end()
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
  return client
}

/** Of several processes the one that works on the lane gives calls to it, so that they go in order. */
function holdsLane({ transactions, account }: OracleContext): boolean {
  const lanes = transactions.status()
  const lane = account === undefined ? lanes[0] : lanes.find((one) => one.account === account)
  return lane?.isHeld ?? false
}

function contextOf(options: OracleClientOptions): OracleContext {
  const policy = parseOraclePolicy(options.policy ?? {})
  const clock = options.clock ?? systemClock
  const metrics = options.metrics ?? noMetrics
  return {
    transactions: options.transactions,
    store: options.store,
    contract: options.contract,
    account: options.account,
    policy,
    failures: createAlertDeduplicator({
      name: 'oracle',
      threshold: policy.alertCutoff,
      cooldownMs: policy.alertCooldownMs,
      confirm: 'manual',
      clock,
      metrics,
    }),
    alerts: options.alerts,
    clock,
    random: options.random ?? systemRandom,
    createId: options.createId ?? systemCreateId,
    tally: createOracleTally(metrics),
    logger: options.logger ?? silentLogger,
  }
}

function outcomeOf({ state, notBefore }: OracleCall, now: number): OracleSubmission['outcome'] {
  if (state === 'superseded') return 'superseded'
  return notBefore > now ? 'held' : 'queued'
}

function failingMarketOf({
  key,
  failureCount,
  failingSince,
  alerting,
}: ActiveFailure): FailingMarket {
  return { market: key, failureCount, failingSince, alerting }
}

function callNotFoundError(id: bigint): AssayError {
  return new AssayError('ORACLE_CALL_NOT_FOUND', {
    message: `There is no oracle call ${id}.`,
    retry: 'never',
    context: { id },
  })
}
