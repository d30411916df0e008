import type { Random } from '../runtime/random.ts'
import { sha256Hex } from '../runtime/sha256.ts'
import type { JsonValue } from '../transactions/json-value.ts'
import type { TransactionSender } from '../transactions/transaction-sender.ts'
import { createFakeChainSender } from './fake-chain-sender.ts'
import { createSeededRandom } from './seeded-random.ts'

/** A chain in memory with the habits of real ones. */
export interface FakeChain {
  /** A sender for its accounts. Each may have faults of its own. */
  sender(options?: FakeSenderOptions): TransactionSender
  /** Adds a block: the base fee moves, and the transactions go in that can pay it. */
  mine(): void
  /** Takes the last blocks back: their transactions wait again, or are lost. */
  reorganise(depth: number): void
  /** Forgets everything that waits for a block. */
  dropWaiting(): void
  /** Uses an account's next nonce for something that nobody here made. */
  sendForeign(account: string): void
  setFunded(account: string, isFunded: boolean): void
  setBaseFee(baseFee: number): void
  /** What the chain has executed with success, in order. */
  executions(): readonly { readonly payload: JsonValue; readonly receipt: JsonValue }[]
  /** The strings under `writes` of those payloads that have one. */
  writes(): readonly string[]
  /** Transactions that wait for a block. */
  readonly waiting: number
  readonly height: number
}

/** Options of {@link createFakeChain}. */
export interface FakeChainOptions {
  readonly random?: Random | undefined
  /** A block is final once so many follow it; none of those is ever taken back. Default 3. */
  readonly finalityDepth?: number | undefined
  /** The most transactions of one block. Default 100. */
  readonly blockSize?: number | undefined
  /** How likely a block takes earlier ones back when it comes. Default 0. */
  readonly reorgRate?: number | undefined
  /** How likely a waiting transaction is forgotten with each block. Default 0. */
  readonly dropRate?: number | undefined
  /** Whether the base fee moves by up to an eighth with each block. Default `false`. */
  readonly hasMovingFee?: boolean | undefined
  /** What a transaction does. Default: it succeeds unless its payload says `fails: 'when-mined'`. */
  readonly execute?: ((payload: JsonValue) => FakeExecution) | undefined
}

/** What came of executing a payload. */
export interface FakeExecution {
  readonly succeeded: boolean
  readonly receipt: JsonValue
}

/** Options of a sender to a {@link FakeChain}. */
export interface FakeSenderOptions {
  /** Default `['0xfake']`. */
  readonly accounts?: readonly string[] | undefined
  readonly random?: Random | undefined
  /** How likely a call fails before it has an effect. Default 0. */
  readonly lossRate?: number | undefined
  /** How likely the answer to a broadcast is lost after it had its effect. Default 0. */
  readonly lostAnswerRate?: number | undefined
  /** How likely an observation is some blocks behind. Default 0. */
  readonly lagRate?: number | undefined
  /** The most that is paid. Default 1,000,000. */
  readonly feeMax?: number | undefined
  /** After how many blocks it takes a block for final. Default what the chain does. */
  readonly finalityDepth?: number | undefined
}

/** What is signed: the raw bytes are its JSON. */
export interface FakeTransaction {
  readonly account: string
  readonly nonce: number
  readonly fee: number
  readonly purpose: 'send' | 'cancel' | 'foreign'
  readonly payload: JsonValue
}

/** A transaction in a block. */
export interface FakeMined extends FakeExecution {
  readonly hash: string
  readonly transaction: FakeTransaction
}

/** A block. */
export interface FakeBlock {
  readonly hash: string
  readonly mined: readonly FakeMined[]
}

/** What the senders of a chain see of it. */
export interface FakeChainView {
  readonly blocks: readonly FakeBlock[]
  readonly baseFee: number
  readonly finalityDepth: number
  isFunded(account: string): boolean
  /** What waits under an account's nonce. */
  waitingAt(account: string, nonce: number): FakeWaiting | undefined
  admit(waiting: FakeWaiting): void
}

/** A transaction that waits for a block. */
export interface FakeWaiting {
  readonly hash: string
  readonly transaction: FakeTransaction
}

/** Real nodes move it so much at most with each block (EIP-1559). */
const BASE_FEE_STEP = 1 / 8
const BASE_FEE_FIRST = 100

/**
 * Makes a chain for tests: accounts with nonces, a pool of waiting transactions with the rule that a
 * replacement pays 10 % more, blocks that can be taken back, a base fee, and endpoints that lose calls
 * and answers. With a seeded `random` every run repeats exactly.
 *
 * A payload is any JSON. `{ writes: 'text' }` can be looked for in `writes()`; `fails: 'when-tried'`
 * and `fails: 'when-mined'` make it fail there.
 *
 * @example
 * ```ts
 * import { createFakeChain } from '@assay/core/testing'
 *
 * const chain = createFakeChain()
 * chain.sendForeign('0xfake')
 * chain.mine()
 * console.log(chain.height, chain.writes()) // 1 []
 * ```
 */
export function createFakeChain({
  random = createSeededRandom(1),
  finalityDepth = 3,
  blockSize = 100,
  reorgRate = 0,
  dropRate = 0,
  hasMovingFee = false,
  execute = executeByDefault,
}: FakeChainOptions = {}): FakeChain {
  let blocks: FakeBlock[] = []
  let baseFee = BASE_FEE_FIRST
  let blocksMade = 0
  const waiting = new Map<string, FakeWaiting>()
  const unfunded = new Set<string>()

  function admit(one: FakeWaiting): void {
    waiting.set(nameOf(one.transaction), one)
  }

  /** In the order of nonces, as long as each is the account's next one and pays enough. */
  function takeMinable(): FakeWaiting[] {
    const taken: FakeWaiting[] = []
    const next = new Map<string, number>()
    const byNonce = [...waiting.values()].toSorted(
      (a, b) => a.transaction.nonce - b.transaction.nonce,
    )
    for (const one of byNonce) {
      const { account, nonce, fee } = one.transaction
      const expected = next.get(account) ?? nextNonce(blocks, account)
      if (nonce !== expected || fee < baseFee || taken.length === blockSize) continue
      next.set(account, expected + 1)
      waiting.delete(nameOf(one.transaction))
      taken.push(one)
    }
    return taken
  }

  function addBlock(): void {
    blocksMade += 1
    const mined = takeMinable().map(({ hash, transaction }): FakeMined => {
      const { purpose, payload } = transaction
      const result = purpose === 'send' ? execute(payload) : { succeeded: true, receipt: null }
      return { hash, transaction, ...result }
    })
    blocks.push({ hash: `block-${blocksMade}`, mined })
    for (const [name, { transaction }] of waiting) {
      if (transaction.nonce < nextNonce(blocks, transaction.account)) waiting.delete(name)
    }
  }

  function reorganise(depth: number): void {
    const taken = blocks.slice(-depth)
    blocks = blocks.slice(0, -depth)
    for (const { mined } of taken) {
      for (const one of mined) if (random() >= dropRate) admit(one)
    }
    for (const _ of taken) addBlock()
  }

  const view: FakeChainView = {
    get blocks() {
      return blocks
    },
    get baseFee() {
      return baseFee
    },
    finalityDepth,
    isFunded: (account) => !unfunded.has(account),
    waitingAt: (account, nonce) => waiting.get(`${account} ${nonce}`),
    admit,
  }

  return {
    sender: (options = {}) => createFakeChainSender(view, options),
    mine() {
      if (hasMovingFee) baseFee *= 1 + (2 * random() - 1) * BASE_FEE_STEP
      for (const name of [...waiting.keys()]) if (random() < dropRate) waiting.delete(name)
      if (random() < reorgRate) {
        const depth = Math.min(blocks.length, 1 + Math.floor(random() * finalityDepth))
        if (depth > 0) reorganise(depth)
      }
      addBlock()
    },
    reorganise,
    dropWaiting: () => waiting.clear(),
    sendForeign(account) {
      const nonce = nextNonce(blocks, account)
      const fee = Number.MAX_SAFE_INTEGER
      const transaction = { account, nonce, fee, purpose: 'foreign', payload: null } as const
      admit({ hash: sha256Hex(`foreign ${account} ${nonce}`), transaction })
    },
    setFunded: (account, isFunded) =>
      void (isFunded ? unfunded.delete(account) : unfunded.add(account)),
    setBaseFee: (fee) => void (baseFee = fee),
    executions: () => executionsIn(blocks),
    writes: () => executionsIn(blocks).flatMap(({ payload }) => memberOf(payload, 'writes') ?? []),
    get waiting() {
      return waiting.size
    },
    get height() {
      return blocks.length
    },
  }
}

/** How many transactions of an account are in these blocks: the nonce that comes next. */
export function nextNonce(blocks: readonly FakeBlock[], account: string): number {
  let count = 0
  for (const { mined } of blocks) {
    for (const { transaction } of mined) if (transaction.account === account) count += 1
  }
  return count
}

/** A text under a name of a payload. */
export function memberOf(payload: JsonValue, name: string): string | undefined {
  if (typeof payload !== 'object' || payload === null || !(name in payload)) return undefined
  const member: unknown = Reflect.get(payload, name)
  return typeof member === 'string' ? member : undefined
}

function executeByDefault(payload: JsonValue): FakeExecution {
  return { succeeded: memberOf(payload, 'fails') !== 'when-mined', receipt: null }
}

function executionsIn(blocks: readonly FakeBlock[]): ReturnType<FakeChain['executions']> {
  return blocks
    .flatMap(({ mined }) => mined)
    .filter(({ succeeded, transaction }) => succeeded && transaction.purpose === 'send')
    .map(({ transaction: { payload }, receipt }) => ({ payload, receipt }))
}

function nameOf({ account, nonce }: FakeTransaction): string {
  return `${account} ${nonce}`
}
