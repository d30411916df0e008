import { describe, expect, it } from 'vitest'

import { createCrashPoint } from '../testing/crash-point.ts'
import { createFakeChain } from '../testing/create-fake-chain.ts'
import type { FakeChain, FakeSenderOptions } from '../testing/fake-chain-model.ts'
import { createSeededRandom } from '../testing/seeded-random.ts'
import { createSequentialId } from '../testing/sequential-id.ts'
import { createTestClock } from '../testing/test-clock.ts'
import { createTransactionManager } from './create-transaction-manager.ts'
import { createMemoryTransactionStore } from './memory-transaction-store.ts'
import type { TransactionMove, TransactionStore } from './transaction-store.ts'
import { isFinalState } from './transaction.ts'

/** The fixed slice of every test run. `ASSAY_SEEDS=10000` runs more, `ASSAY_SEED=7` one. */
const seedCount = Number(process.env['ASSAY_SEEDS'] ?? 100)
const onlySeed = process.env['ASSAY_SEED']
const seeds =
  onlySeed === undefined ? Array.from({ length: seedCount }, (_, n) => n + 1) : [Number(onlySeed)]

const REQUESTS = 30
const ACCOUNT = '0xfake'
const ROUND_MS = 1_000

describe('createTransactionManager, through crashes, lost calls and reorganisations', () => {
  it(`executes ${REQUESTS} requests exactly once in every one of ${seeds.length} seeds`, async () => {
    const violations: string[] = []
    for (const seed of seeds) violations.push(...(await simulate(seed)))
    expect(violations).toEqual([])
  }, 3_600_000)

  it.each<[string, Mutant]>([
    ['attempts are recorded after the broadcast', { store: recordingAfterBroadcast }],
    ['one confirmation is taken for final', { sender: { finalityDepth: 0 } }],
  ])(
    'is caught when %s',
    async (_, mutant) => {
      const violations: string[] = []
      for (let seed = 1; seed <= 60 && violations.length === 0; seed += 1) {
        violations.push(...(await simulate(seed, mutant)))
      }
      expect(violations).not.toEqual([])
    },
    600_000,
  )
})

/** What is wrong on purpose. */
interface Mutant {
  readonly store?: (store: TransactionStore) => TransactionStore
  readonly sender?: FakeSenderOptions
}

/** One life of a lane: processes come, ask, work and die at any of their calls. */
async function simulate(seed: number, mutant: Mutant = {}): Promise<readonly string[]> {
  const random = createSeededRandom(seed)
  const clock = createTestClock({ now: 1_000_000 })
  const kept = createMemoryTransactionStore()
  const chain = createFakeChain({ random, reorgRate: 0.1, dropRate: 0.05, hasMovingFee: true })
  const createId = createSequentialId('tx')
  const faults = { random, lossRate: 0.05, lostAnswerRate: 0.05, lagRate: 0.1, ...mutant.sender }
  let asked = 0

  function startProcess(at: number) {
    const crash = createCrashPoint({ at, when: random() < 0.5 ? 'before' : 'after' })
    const transactions = createTransactionManager({
      sender: crash.wrap(chain.sender(faults), ['assertPayload']),
      store: (mutant.store ?? ((store) => store))(crash.wrap(kept)),
      policy: {
        inFlightMax: 8,
        resendAfterMs: 3 * ROUND_MS,
        replaceAfterMs: 6 * ROUND_MS,
        roundTimeoutMs: ROUND_MS,
        leaseMs: ROUND_MS,
      },
      clock,
      createId,
    })
    return { transactions, crash }
  }

  /** @returns whether the process is still there */
  async function live({ transactions, crash }: ReturnType<typeof startProcess>): Promise<boolean> {
    const dead = crash.died.then(() => false)
    const done = <Result>(work: Promise<Result>) => Promise.race([work.then(() => true), dead])
    if (asked < REQUESTS && random() < 0.5) {
      const wants = { idempotencyKey: `key-${asked + 1}`, payload: { writes: `${asked + 1}` } }
      // Whoever does not hear an answer asks again under the same key.
      if (!(await done(transactions.enqueue([wants])))) return false
      asked += 1
    }
    if (!(await done(transactions.tick()))) return false
    if (random() < 0.01) chain.sendForeign(ACCOUNT)
    return true
  }

  let process = startProcess(1 + Math.floor(random() * 150))
  const isDone = async (): Promise<boolean> =>
    asked === REQUESTS && (await kept.countOpen()).length === 0
  for (let round = 1; round <= ROUNDS_MAX && !(await isDone()); round += 1) {
    const isAlive = await live(process)
    // The last ones live for ever, so that the story has an end.
    const at = asked < REQUESTS ? 1 + Math.floor(random() * 150) : Infinity
    if (!isAlive) process = startProcess(at)
    chain.mine()
    await clock.advance(ROUND_MS)
  }
  return (await findViolations(kept, chain)).map((violation) => `seed ${seed}: ${violation}`)
}

const ROUNDS_MAX = 2_000

async function findViolations(store: TransactionStore, chain: FakeChain): Promise<string[]> {
  const all = await store.list({ limit: 10_000 })
  const asked = all.filter(({ idempotencyKey }) => idempotencyKey.startsWith('key-'))
  const violations: string[] = []
  if (asked.length !== REQUESTS) violations.push(`${asked.length} requests are known`)
  for (const { idempotencyKey, state } of asked) {
    const text = idempotencyKey.slice('key-'.length)
    const times = chain.writes().filter((write) => write === text).length
    if (!isFinalState(state)) violations.push(`${text} has no end: ${state}`)
    else if (times !== (state === 'confirmed' ? 1 : 0)) {
      violations.push(`${text} is ${state} and was executed ${times} times`)
    }
  }
  return violations
}

/** Keeps an attempt no sooner than it was sent; what a process has not kept dies with it. */
function recordingAfterBroadcast(store: TransactionStore): TransactionStore {
  const revisionsKept = new Map<string, number>()

  async function commitOne({ revision, next }: TransactionMove): Promise<boolean> {
    const kept = revisionsKept.get(next.id) ?? revision
    const isBeforeAnswer = next.state === 'signed' || next.state === 'broadcasting'
    if (isBeforeAnswer) revisionsKept.set(next.id, kept)
    else revisionsKept.delete(next.id)
    if (isBeforeAnswer) return true
    const [isMade = false] = await store.commit([{ revision: kept, next }])
    return isMade
  }

  return { ...store, commit: async (moves) => Promise.all(moves.map(commitOne)) }
}
