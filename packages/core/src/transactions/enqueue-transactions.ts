import { AssayError } from '../errors/assay-error.ts'
import { sha256Hex } from '../runtime/sha256.ts'
import type { JsonValue } from './json-value.ts'
import type { TransactionManagerSettings } from './parse-transaction-manager-options.ts'
import { transactionKeyReusedError } from './transaction-key-reused-error.ts'
import type { EnqueuedTransaction, NewTransaction } from './transaction-store.ts'
import type { TransactionRequest } from './transaction.ts'

/**
 * Checks requests and stores them, all or none.
 *
 * @throws {AssayError} `TRANSACTION_KEY_INVALID`, `TRANSACTION_ACCOUNT_UNKNOWN`,
 *   `TRANSACTION_PAYLOAD_INVALID`, `TRANSACTION_KEY_REUSED`
 */
export async function enqueueTransactions(
  requests: readonly TransactionRequest[],
  settings: TransactionManagerSettings,
): Promise<readonly EnqueuedTransaction[]> {
  const transactions = requests.map((request) => newTransactionOf(request, settings))
  assertNoneReused(transactions)
  return settings.store.enqueue(transactions, settings.clock.now())
}

function newTransactionOf(
  request: TransactionRequest,
  { sender, createId }: TransactionManagerSettings,
): NewTransaction {
  const { idempotencyKey, account = sender.accounts[0] ?? '', payload } = request
  assertKey(idempotencyKey)
  if (!sender.accounts.includes(account)) throw accountUnknownError(sender.chain)
  sender.assertPayload(payload)
  const { covers = [], coalesceKey = null, expiresAt = null } = request
  return {
    id: createId(),
    idempotencyKey,
    requestHash: sha256Hex(formatCanonicalJson([sender.chain, account, payload, covers])),
    chain: sender.chain,
    account,
    payload,
    covers,
    coalesceKey,
    expiresAt,
    purpose: 'send',
  }
}

/** The same text for the same content, whatever the order of the names in it. */
function formatCanonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(formatCanonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value as Readonly<Record<string, JsonValue>>)
  const members = entries
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${formatCanonicalJson(member)}`)
  return `{${members.join(',')}}`
}

const KEY_LENGTH_MAX = 255

function assertKey(key: string): void {
  const isText = key.length > 0 && key.length <= KEY_LENGTH_MAX
  if (isText && key.isWellFormed() && !key.includes('\0')) return
  throw new AssayError('TRANSACTION_KEY_INVALID', {
    message: `An idempotency key is a well-formed text of 1 to ${KEY_LENGTH_MAX} characters.`,
    retry: 'never',
    context: { length: key.length },
  })
}

/** Within one call a key may stand twice for the same, as it may in two. */
function assertNoneReused(transactions: readonly NewTransaction[]): void {
  const hashes = new Map<string, string>()
  for (const { id, idempotencyKey, requestHash } of transactions) {
    const known = hashes.get(idempotencyKey)
    if (known !== undefined && known !== requestHash) throw transactionKeyReusedError(id)
    hashes.set(idempotencyKey, requestHash)
  }
}

function accountUnknownError(chain: string): AssayError {
  return new AssayError('TRANSACTION_ACCOUNT_UNKNOWN', {
    message: `The account is none that the sender for ${chain} signs for.`,
    retry: 'never',
    context: { chain },
  })
}
