import { compareEvents } from '../detector/account-event.ts'
import type {
  AccountBalance,
  AccountId,
  LedgerEntry,
  LedgerTransaction,
  TransactionId,
} from '../ledger/ledger-entry.ts'
import {
  addProcessingTime,
  createProcessingTimes,
  type ProcessingTimes,
} from './processing-times.ts'
import type { SystemHealthConfig } from './system-health-config.ts'

type Transaction = LedgerTransaction & { readonly kind: 'transaction' }

/** What has been counted so far. */
export interface HealthTally {
  readonly counts: { completed: number; failed: number; pending: number; cancelled: number }
  readonly times: ProcessingTimes
  readonly moved: Map<string, bigint>
  readonly held: Map<string, bigint>
  accounts: number
  negative: number
  leftCurrencies: number
  unremembered: number
  /** The first transaction that completed or failed, by event time; it names the window. */
  first: Transaction | null
  /** The first one that failed. */
  firstFailed: Transaction | null
  /** The account that is being read. */
  accountId: AccountId | null
  /** How its transactions were counted; `null` where none can come twice. */
  readonly known: Map<TransactionId, 'pending' | 'decided'> | null
}

/** The most currencies that are told apart. */
const CURRENCIES_MAX = 1_000

/** The most transactions of an account that are kept to recognise a repeated one. */
const REMEMBERED_MAX = 10_000

/** @param hasUniqueIds whether no transaction of an account can come twice */
export function createHealthTally(
  { samplesMax }: SystemHealthConfig,
  hasUniqueIds: boolean,
): HealthTally {
  return {
    counts: { completed: 0, failed: 0, pending: 0, cancelled: 0 },
    times: createProcessingTimes(samplesMax),
    moved: new Map(),
    held: new Map(),
    accounts: 0,
    negative: 0,
    leftCurrencies: 0,
    unremembered: 0,
    first: null,
    firstFailed: null,
    accountId: null,
    known: hasUniqueIds ? null : new Map(),
  }
}

/**
 * Counts an entry of a ledger. Those of an account stand together.
 *
 * @param tally changed in place
 */
export function addToHealth(
  tally: HealthTally,
  entry: LedgerEntry,
  config: SystemHealthConfig,
): void {
  if (entry.accountId !== tally.accountId) {
    tally.accountId = entry.accountId
    tally.known?.clear()
  }
  if (entry.kind === 'balance') addBalance(tally, entry)
  else if (entry.eventTime >= config.fromMs && entry.eventTime <= config.toMs) {
    addTransaction(tally, entry)
  }
}

function addBalance(tally: HealthTally, { currency, balanceMinor }: AccountBalance): void {
  tally.accounts += 1
  if (balanceMinor < 0n) tally.negative += 1
  addAmount(tally, tally.held, currency, balanceMinor)
}

function addTransaction(tally: HealthTally, transaction: Transaction): void {
  if (isRepeated(tally, transaction)) return
  const { status, amountMinor, currency, processingMs } = transaction
  tally.counts[status] += 1
  if (status === 'completed') addAmount(tally, tally.moved, currency, amountMinor)
  if (status !== 'completed' && status !== 'failed') return
  if (processingMs !== null) addProcessingTime(tally.times, processingMs)
  tally.first = earlierOf(tally.first, transaction)
  if (status === 'failed') tally.firstFailed = earlierOf(tally.firstFailed, transaction)
}

/** Whether it was counted already. One that was pending before it was decided is pending no longer. */
function isRepeated(tally: HealthTally, { transactionId, status }: Transaction): boolean {
  const { known } = tally
  if (known === null) return false
  const before = known.get(transactionId)
  const now = status === 'pending' ? 'pending' : 'decided'
  if (before === undefined && known.size >= REMEMBERED_MAX) {
    tally.unremembered += 1
    return false
  }
  if (before === 'decided' || before === now) return true
  if (before === 'pending') tally.counts.pending -= 1
  known.set(transactionId, now)
  return false
}

function addAmount(
  tally: HealthTally,
  amounts: Map<string, bigint>,
  currency: string,
  amountMinor: bigint,
): void {
  const sumMinor = amounts.get(currency)
  if (sumMinor === undefined && amounts.size >= CURRENCIES_MAX) tally.leftCurrencies += 1
  else amounts.set(currency, (sumMinor ?? 0n) + amountMinor)
}

/** The same whatever the order of reading. */
function earlierOf(a: Transaction | null, b: Transaction): Transaction {
  return a === null || compareEvents(b, a) < 0 ? b : a
}
