import type { Random } from '../runtime/random.ts'
import type { JsonValue } from '../transactions/json-value.ts'
import type { TransactionSender } from '../transactions/transaction-sender.ts'

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
