import { z } from 'zod'

/** Names an account, a card or a wallet. Made by the parsers of this file. */
export type AccountId = string & z.$brand<'AccountId'>

/** Names a transaction within its account: the two legs of a transfer may share one id. */
export type TransactionId = string & z.$brand<'TransactionId'>

/** Names what somebody asked for: all retries of one request carry the same. */
export type RequestId = string & z.$brand<'RequestId'>

/**
 * Where a transaction stands. Only `completed` moves money: the rules on balances leave `failed`,
 * `pending` and `cancelled` rows alone and count them as `not-completed`.
 */
export type TransactionStatus = 'completed' | 'failed' | 'pending' | 'cancelled'

/** One line of an account's history. */
export interface LedgerTransaction {
  readonly transactionId: TransactionId
  readonly accountId: AccountId
  readonly status: TransactionStatus
  /** Signed: positive adds to the account, negative takes from it. */
  readonly amountMinor: bigint
  /** The balance that the source recorded before this transaction; `null` when it did not. */
  readonly balanceBeforeMinor: bigint | null
  /** The balance that the source recorded after it; `null` when it did not. */
  readonly balanceAfterMinor: bigint | null
  /** ISO 4217 code, or the code of an asset of your own. */
  readonly currency: string
  /** When the request came in, in integer epoch milliseconds. */
  readonly eventTime: number
  /**
   * The place of this transaction in its account's order of booking, from the source itself. Gaps
   * are fine, so a number that the source counts over all accounts will do. `null` when the source
   * proves no order.
   */
  readonly sequence: bigint | null
  /** Which request it belongs to; `null` when the source does not say, and then it stands for itself. */
  readonly requestId: RequestId | null
  /** The failed or mistaken transaction that it makes good; `null` for any other. */
  readonly reversesTransactionId: TransactionId | null
  /** How long the request was worked on from `eventTime`, in milliseconds; `null` when unknown. */
  readonly processingMs: number | null
}

/** What an account should hold and does hold, both at the moment of the snapshot. */
export interface AccountBalance {
  readonly accountId: AccountId
  readonly currency: string
  /** What the system says the account holds. */
  readonly balanceMinor: bigint
  /**
   * The balance before the first transaction of the log. Who prunes old rows from the log moves the
   * checkpoint in the same database transaction.
   */
  readonly checkpointMinor: bigint
  /** How far below zero the account may go, at least 0n. */
  readonly overdraftLimitMinor: bigint
  /** When the balance last changed, in integer epoch milliseconds. */
  readonly eventTime: number
}

/** What a repository hands out: an account's balance, or one of its transactions. */
export type LedgerEntry =
  | ({ readonly kind: 'balance' } & AccountBalance)
  | ({ readonly kind: 'transaction' } & LedgerTransaction)

/** Minor units as a program or a database gives them: a bigint, or up to 78 digits as a string. */
export type MinorUnitsInput = bigint | string

/** A {@link LedgerTransaction} before it is parsed. */
export interface LedgerTransactionInput {
  readonly transactionId: string
  readonly accountId: string
  readonly status: TransactionStatus
  readonly amountMinor: MinorUnitsInput
  readonly balanceBeforeMinor?: MinorUnitsInput | null | undefined
  readonly balanceAfterMinor?: MinorUnitsInput | null | undefined
  readonly currency: string
  readonly eventTime: number
  readonly sequence?: bigint | number | string | null | undefined
  readonly requestId?: string | null | undefined
  readonly reversesTransactionId?: string | null | undefined
  readonly processingMs?: number | null | undefined
}

/** An {@link AccountBalance} before it is parsed. The overdraft limit is 0 unless it is given. */
export interface AccountBalanceInput {
  readonly accountId: string
  readonly currency: string
  readonly balanceMinor: MinorUnitsInput
  readonly checkpointMinor: MinorUnitsInput
  readonly overdraftLimitMinor?: MinorUnitsInput | undefined
  readonly eventTime: number
}

/** A {@link LedgerEntry} before it is parsed. */
export type LedgerEntryInput =
  | ({ readonly kind: 'balance' } & AccountBalanceInput)
  | ({ readonly kind: 'transaction' } & LedgerTransactionInput)

/** The parsed row, or why it is none. The reason names fields and never repeats a value. */
export type ParseRowResult<Row> =
  | { readonly ok: true; readonly row: Row }
  | { readonly ok: false; readonly reason: string }

/**
 * Reads a row that came from outside as a transaction.
 *
 * @param row anything; amounts are bigints or strings of digits, never numbers
 * @returns the transaction, or which field is wrong and why
 *
 * @example
 * ```ts
 * import { parseLedgerTransaction } from '@assay/detectors'
 *
 * const parsed = parseLedgerTransaction({
 *   transactionId: 'tx-1',
 *   accountId: 'card-7',
 *   status: 'completed',
 *   amountMinor: '-450',
 *   currency: 'EUR',
 *   eventTime: 1_749_895_200_000,
 * })
 * console.log(parsed.ok && parsed.row.amountMinor) // -450n
 * console.log(parseLedgerTransaction({}).ok) // false
 * ```
 */
export function parseLedgerTransaction(row: unknown): ParseRowResult<LedgerTransaction> {
  return parseRow(ledgerTransactionSchema, row)
}

/**
 * Reads a row that came from outside as an account's balance.
 *
 * @param row anything; amounts are bigints or strings of digits, never numbers
 * @returns the balance, or which field is wrong and why
 *
 * @example
 * ```ts
 * import { parseAccountBalance } from '@assay/detectors'
 *
 * const parsed = parseAccountBalance({
 *   accountId: 'card-7',
 *   currency: 'EUR',
 *   balanceMinor: '1550',
 *   checkpointMinor: '2000',
 *   eventTime: 1_749_895_200_000,
 * })
 * console.log(parsed.ok && parsed.row.overdraftLimitMinor) // 0n
 * ```
 */
export function parseAccountBalance(row: unknown): ParseRowResult<AccountBalance> {
  return parseRow(accountBalance, row)
}

/** Reads what a repository handed out. */
export function parseLedgerEntry(row: unknown): ParseRowResult<LedgerEntry> {
  return parseRow(ledgerEntry, row)
}

/** The account of a row that may be malformed elsewhere; `null` when that cannot be told. */
export function accountIdOf(row: unknown): AccountId | null {
  const parsed = withAccountId.safeParse(row)
  return parsed.success ? parsed.data.accountId : null
}

/**
 * Where a row stands in its account's order: its sequence, `null` without one, or `unreadable` when
 * it has one that does not parse, so that its place is unknown.
 */
export type SequenceReading = bigint | null | 'unreadable'

/** The sequence of a row that may be malformed elsewhere. */
export function readSequence(row: unknown): SequenceReading {
  const parsed = withSequence.safeParse(row)
  return parsed.success ? parsed.data.sequence : 'unreadable'
}

// Control characters and halves of surrogate pairs have no place in a name, and PostgreSQL refuses
// some of them. 255 characters keep every index entry within its page.
/** The shape of any name. */
export const idSchema = z
  .string()
  .regex(
    /^[^\p{Cc}\p{Cs}]{1,255}$/u,
    'must be 1 to 255 characters, none of them a control character',
  )
/** The shape of an account's name. */
export const accountIdSchema = idSchema.brand<'AccountId'>()
const transactionId = idSchema.brand<'TransactionId'>()
/** Every 256-bit integer has at most 78 digits. */
const minorUnits = z.union(
  [
    z
      .bigint()
      .gt(-(10n ** 78n))
      .lt(10n ** 78n),
    z
      .string()
      .regex(/^-?\d{1,78}$/)
      .transform(BigInt),
  ],
  'must be a bigint or a string, of at most 78 digits',
)
const sequence = z
  .union(
    [
      z.bigint(),
      z.int().transform(BigInt),
      z
        .string()
        .regex(/^\d{1,19}$/)
        .transform(BigInt),
    ],
    'must be a whole number',
  )
  .refine((value) => value >= 0n && value < 2n ** 63n, 'must be from 0 to 2^63 - 1')
  .nullish()
  .transform((value) => value ?? null)
const currency = z
  .string()
  .regex(/^[!-~]{1,200}$/, 'must be 1 to 200 printable ASCII characters without a space')
/** The shape of a moment. */
export const eventTimeSchema = z.int('must be integer epoch milliseconds')

const withAccountId = z.object({ accountId: accountIdSchema })
const withSequence = z.object({ sequence })

/** The shape of a transaction, for what contains one. */
export const ledgerTransactionSchema = z.object({
  transactionId,
  accountId: accountIdSchema,
  status: z.enum(['completed', 'failed', 'pending', 'cancelled']),
  amountMinor: minorUnits,
  balanceBeforeMinor: minorUnits.nullish().transform((value) => value ?? null),
  balanceAfterMinor: minorUnits.nullish().transform((value) => value ?? null),
  currency,
  eventTime: eventTimeSchema,
  sequence,
  requestId: idSchema
    .brand<'RequestId'>()
    .nullish()
    .transform((value) => value ?? null),
  reversesTransactionId: transactionId.nullish().transform((value) => value ?? null),
  processingMs: z
    .int()
    .min(0)
    .nullish()
    .transform((value) => value ?? null),
})

const accountBalance = z.object({
  accountId: accountIdSchema,
  currency,
  balanceMinor: minorUnits,
  checkpointMinor: minorUnits,
  overdraftLimitMinor: minorUnits.default(0n).refine((value) => value >= 0n, 'must be at least 0'),
  eventTime: eventTimeSchema,
})

const ledgerEntry = z.discriminatedUnion('kind', [
  accountBalance.extend({ kind: z.literal('balance') }),
  ledgerTransactionSchema.extend({ kind: z.literal('transaction') }),
])

/** Reads a row by a schema, and names the fields that are wrong without their values. */
export function parseRow<Row>(schema: z.ZodType<Row>, row: unknown): ParseRowResult<Row> {
  const parsed = schema.safeParse(row)
  if (parsed.success) return { ok: true, row: parsed.data }
  const reason = parsed.error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ')
  return { ok: false, reason }
}
