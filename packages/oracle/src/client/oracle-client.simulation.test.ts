import {
  createMemoryTransactionStore,
  createTransactionManager,
  isAssayError,
  type JsonValue,
  type Random,
  type Transaction,
} from '@assay/core'
import {
  createCrashPoint,
  createFakeChain,
  createSeededRandom,
  createSequentialId,
  createTestClock,
  type FakeChain,
  type FakeSenderOptions,
} from '@assay/core/testing'
import { describe, expect, it } from 'vitest'

import { createMemoryOracleCallStore } from '../calls/memory-oracle-call-store.ts'
import type { OracleCallStore } from '../calls/oracle-call-store.ts'
import { isEndedCall, type OracleCallPolicy } from '../calls/oracle-call.ts'
import { createOracleClient } from './create-oracle-client.ts'
import type { OracleClient, OracleIntent } from './oracle-client.ts'
import type { OracleTransactions } from './oracle-context.ts'
import type { OracleContract } from './oracle-contract.ts'

/** The fixed slice of every test run. `ASSAY_SEEDS=10000` runs more, `ASSAY_SEED=7` one. */
const seedCount = Number(process.env['ASSAY_SEEDS'] ?? 100)
const onlySeed = process.env['ASSAY_SEED']
const seeds =
  onlySeed === undefined ? Array.from({ length: seedCount }, (_, n) => n + 1) : [Number(onlySeed)]

const INTENTS = 30
const MARKETS = ['m1', 'm2', 'm3']
const ROUND_MS = 1_000
const ROUNDS_MAX = 2_000

describe('createOracleClient, through crashes, lost calls and reorganisations', () => {
  it(`writes ${INTENTS} values exactly once in every one of ${seeds.length} seeds`, async () => {
    const violations: string[] = []
    for (const seed of seeds) violations.push(...(await simulate(seed)))
    expect(violations).toEqual([])
  }, 3_600_000)

  it.each<[string, Mutant]>([
    ['a transaction covers what its latest attempt does', { transactions: coveringByLatest }],
    ['nothing is superseded', { store: withoutSuperseding }],
    ['one confirmation is taken for final', { sender: { finalityDepth: 0 } }],
  ])(
    'is caught when %s',
    async (_, mutant) => {
      const violations: string[] = []
      for (let seed = 1; seed <= 300 && violations.length === 0; seed += 1) {
        violations.push(...(await simulate(seed, mutant)))
      }
      expect(violations).not.toEqual([])
    },
    600_000,
  )
})

/** What is wrong on purpose. */
interface Mutant {
  readonly store?: (store: OracleCallStore) => OracleCallStore
  readonly transactions?: (transactions: OracleTransactions) => OracleTransactions
  readonly sender?: FakeSenderOptions
}

/** One update as the simulated chain carries it. */
type Update = {
  readonly key: string
  readonly market: string
  readonly policy: string
  readonly sequence: number
}

/** A life: values come, processes die at any of their calls, the chain takes blocks back. */
async function simulate(seed: number, mutant: Mutant = {}): Promise<readonly string[]> {
  const random = createSeededRandom(seed)
  const clock = createTestClock({ now: 1_000_000 })
  const kept = {
    transactions: createMemoryTransactionStore(),
    calls: createMemoryOracleCallStore(),
  }
  const chain = createFakeChain({
    random,
    reorgRate: 0.1,
    dropRate: 0.05,
    hasMovingFee: true,
    execute: (payload) => ({ succeeded: true, receipt: executeSome(payload, random) }),
  })
  const createId = createSequentialId('id')
  const faults = { random, lossRate: 0.05, lostAnswerRate: 0.05, lagRate: 0.1, ...mutant.sender }
  let asked = 0
  const unheard: OracleIntent[] = []
  const refused = new Set<string>()
  const randomCall = (): number => 1 + Math.floor(random() * 200)

  function nextIntent(): OracleIntent | undefined {
    if (asked === INTENTS) return undefined
    asked += 1
    return intentOf(asked, seed)
  }

  /** What is asked again late may be out of date by then. */
  async function ask(client: OracleClient, intent: OracleIntent): Promise<void> {
    await client.submit(intent).catch((error: unknown) => {
      if (!isAssayError(error, 'ORACLE_SEQUENCE_STALE')) throw error
      refused.add(intent.idempotencyKey)
    })
  }

  function startProcess(at: number) {
    const crash = createCrashPoint({ at, when: random() < 0.5 ? 'before' : 'after' })
    const manager = createTransactionManager({
      sender: crash.wrap(chain.sender(faults), ['assertPayload']),
      store: crash.wrap(kept.transactions),
      policy: {
        inFlightMax: 4,
        resendAfterMs: 3 * ROUND_MS,
        replaceAfterMs: 4 * ROUND_MS,
        roundTimeoutMs: ROUND_MS,
        leaseMs: ROUND_MS,
      },
      clock,
      createId,
    })
    const client = createOracleClient({
      transactions: (mutant.transactions ?? ((all) => all))(manager),
      store: (mutant.store ?? ((all) => all))(crash.wrap(kept.calls)),
      contract: simulatedContract,
      policy: { attemptsMax: 8, inFlightMax: 2, backoffMs: ROUND_MS, backoffMaxMs: 4 * ROUND_MS },
      clock,
      random,
      createId,
    })
    return { manager, client, crash }
  }

  /** @returns whether the process is still there */
  async function live({ manager, client, crash }: ReturnType<typeof startProcess>) {
    const dead = crash.died.then(() => false)
    const done = (work: Promise<unknown>) => Promise.race([work.then(() => true), dead])
    const intent = unheard.shift() ?? (random() < 0.4 ? nextIntent() : undefined)
    if (intent !== undefined && !(await done(ask(client, intent)))) {
      // Whoever has not heard an answer asks again under the same key.
      unheard.push(intent)
      return false
    }
    return (await done(client.tick())) && (await done(manager.tick()))
  }

  const processes = [startProcess(randomCall()), startProcess(randomCall())]
  const isDone = async (): Promise<boolean> =>
    asked === INTENTS &&
    unheard.length === 0 &&
    (await kept.calls.history({ limit: 1_000 })).every(isEndedCall) &&
    (await kept.transactions.countOpen()).length === 0
  for (let round = 1; round <= ROUNDS_MAX && !(await isDone()); round += 1) {
    const alive = await Promise.all(processes.map(live))
    // The last ones live for ever, so that the story has an end.
    for (const [index, isAlive] of alive.entries()) {
      if (!isAlive) processes[index] = startProcess(asked < INTENTS ? randomCall() : Infinity)
    }
    if (random() < 0.02) chain.sendForeign('0xfake')
    chain.mine()
    await clock.advance(ROUND_MS)
  }
  return (await findViolations(kept.calls, chain, refused)).map((one) => `seed ${seed}: ${one}`)
}

function intentOf(n: number, seed: number): OracleIntent {
  const policy: OracleCallPolicy = (n + seed) % 3 === 0 ? 'every' : 'latest'
  return {
    idempotencyKey: `key-${n}`,
    market: MARKETS[(n * 7 + seed) % MARKETS.length] ?? 'm1',
    functionName: policy,
    args: [n],
    observedAt: 0,
    sequence: BigInt(n),
    policy,
  }
}

const simulatedContract: OracleContract = {
  key: 'fake:1/0xmarket',
  capacity: 3,
  check: ({ market, args }) => ({ market, args: args.map(Number), bps: null }),
  encode: (calls) => ({
    // The function is named after the policy that was asked for, whatever a mutant makes of it.
    updates: calls.map(({ idempotencyKey, market, functionName, sequence }) => {
      return { key: idempotencyKey, market, policy: functionName, sequence: Number(sequence) }
    }),
  }),
  decode: ({ mined }) =>
    ((mined?.receipt ?? []) as readonly boolean[]).map((succeeded) =>
      succeeded
        ? { outcome: 'succeeded' }
        : { outcome: 'failed', errorCode: 'ORACLE_CALL_REVERTED', errorMessage: 'It reverted.' },
    ),
}

/** Each update may fail by itself. */
function executeSome(payload: JsonValue, random: Random): JsonValue {
  return updatesIn(payload).map(() => random() >= 0.1)
}

function updatesIn(payload: JsonValue): readonly Update[] {
  return (payload as { readonly updates: readonly Update[] }).updates
}

async function findViolations(
  calls: OracleCallStore,
  chain: FakeChain,
  refused: ReadonlySet<string>,
): Promise<string[]> {
  const all = await calls.history({ limit: 1_000 })
  const written = chain
    .executions()
    .flatMap(({ payload, receipt }) =>
      updatesIn(payload).filter((_, index) => (receipt as readonly boolean[])[index] === true),
    )
  const violations = all.length + refused.size === INTENTS ? [] : [`${all.length} calls are known`]
  for (const call of all) {
    const times = written.filter(({ key }) => key === call.idempotencyKey).length
    if (!isEndedCall(call)) violations.push(`${call.idempotencyKey} is still ${call.state}`)
    else if (times !== (call.state === 'succeeded' ? 1 : 0)) {
      violations.push(`${call.idempotencyKey} ${call.state}, and written ${times} times`)
    }
    if (call.policy === 'every' && call.state === 'superseded') violations.push('lost update')
  }
  return [...violations, ...findStale(written)]
}

/** On chain the values of a market only ever become newer. */
function findStale(written: readonly Update[]): readonly string[] {
  const newest = new Map<string, number>()
  return written
    .filter(({ policy }) => policy === 'latest')
    .flatMap(({ market, sequence }) => {
      const before = newest.get(market) ?? 0
      newest.set(market, Math.max(before, sequence))
      return sequence < before ? [`${market} went from ${before} back to ${sequence}`] : []
    })
}

function coveringByLatest(transactions: OracleTransactions): OracleTransactions {
  const mutate = (transaction: Transaction): Transaction => {
    const covers = transaction.attempts.at(-1)?.covers ?? transaction.covers
    return { ...transaction, attempts: transaction.attempts.map((one) => ({ ...one, covers })) }
  }
  return {
    ...transactions,
    getMany: async (ids) => (await transactions.getMany(ids)).map(mutate),
  }
}

function withoutSuperseding(store: OracleCallStore): OracleCallStore {
  const seen = (calls: Parameters<OracleCallStore['submit']>[0]) =>
    calls.map((call) => ({ ...call, policy: 'every' as const }))
  return { ...store, submit: (calls, now) => store.submit(seen(calls), now) }
}
