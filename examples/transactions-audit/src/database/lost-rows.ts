import type { LedgerEntryInput, LedgerRepository } from '@assay/detectors'

/** Where the rows stood that were set aside. */
export interface LostRows {
  /** @param sequence the place in the account's order, or `null` when nobody knows it */
  add(accountId: string, sequence: bigint | null): void
  /** Whether the account lost a row after the one place, and not after the other. */
  isBetween(accountId: string, previous: bigint | null, next: bigint | null): boolean
}

/** An account that lost more rows than this may have lost them anywhere. */
const PLACES_PER_ACCOUNT_MAX = 100

/**
 * Remembers where rows were lost. When there are more than it may hold, one may be missing anywhere.
 *
 * @param max how many it may hold; default 100,000
 */
export function createLostRows(max = 100_000): LostRows {
  const sequences = new Map<string, (bigint | null)[]>()
  let count = 0
  return {
    add(accountId, sequence) {
      count += 1
      if (count > max) return
      const known = sequences.get(accountId)
      if (known === undefined) sequences.set(accountId, [sequence])
      else if (known.length < PLACES_PER_ACCOUNT_MAX) known.push(sequence)
      else known[0] = null
    },
    isBetween(accountId, previous, next) {
      if (count > max) return true
      const lost = sequences.get(accountId) ?? []
      return lost.some(
        (sequence) =>
          sequence === null ||
          next === null ||
          (sequence <= next && (previous === null || sequence >= previous)),
      )
    },
  }
}

/**
 * A ledger that tells the detector where rows were lost. One that was set aside may have moved money,
 * so the account's next row need not begin where the one before it ended, and must not be found for
 * it. In its place the detector gets a row that cannot be read.
 *
 * @param ledger holds the rows that could be read
 * @param lost where the others stood
 */
export function withLostRows(ledger: LedgerRepository, lost: LostRows): LedgerRepository {
  return {
    readSnapshot: (work, options) =>
      ledger.readSnapshot((batches) => work(fillIn(batches, lost)), options),
  }
}

async function* fillIn(
  batches: AsyncIterable<readonly LedgerEntryInput[]>,
  lost: LostRows,
): AsyncGenerator<readonly LedgerEntryInput[]> {
  let accountId: string | null = null
  let previous: bigint | null = null

  function withLost(entry: LedgerEntryInput): readonly LedgerEntryInput[] {
    if (entry.accountId !== accountId) previous = null
    accountId = entry.accountId
    if (entry.kind !== 'transaction') return [entry]

    const next = entry.sequence == null ? null : BigInt(entry.sequence)
    const isMissing = lost.isBetween(accountId, previous, next)
    previous = next
    return isMissing ? [unreadableRow(accountId), entry] : [entry]
  }

  for await (const batch of batches) yield batch.flatMap(withLost)
}

function unreadableRow(accountId: string): LedgerEntryInput {
  return { kind: 'transaction', accountId } as LedgerEntryInput
}
