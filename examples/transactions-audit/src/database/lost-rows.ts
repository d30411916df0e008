import type { LedgerEntryInput, LedgerRepository, LedgerTransactionInput } from '@assay/detectors'

/** Where the rows stood that were set aside. */
export interface LostRows {
  /**
   * @param accountId of the row, or `null` when it may be any account's: such rows come in order
   * @param place of the row in the order of booking, or `null` when nobody knows it
   */
  add(accountId: string | null, place: bigint | null): void
  /** Whether the account may have lost a row from the one place to the other. */
  isBetween(accountId: string, previous: bigint, next: bigint): boolean
}

/** An account that lost more rows than this may have lost them anywhere. */
const PLACES_PER_ACCOUNT_MAX = 100

/**
 * Remembers where rows were lost. When there are more than it may hold, one may be missing anywhere.
 *
 * @param max how many it may hold; default 100,000
 */
export function createLostRows(max = 100_000): LostRows {
  const places = new Map<string, (bigint | null)[]>()
  /** Of rows that may be any account's, in ascending order. */
  const placesOfAny: bigint[] = []
  let count = 0
  let isAnywhere = false

  function addToAccount(accountId: string, place: bigint | null): void {
    const known = places.get(accountId)
    if (known === undefined) places.set(accountId, [place])
    else if (known.length < PLACES_PER_ACCOUNT_MAX) known.push(place)
    else known[0] = null
  }

  return {
    add(accountId, place) {
      count += 1
      if (count > max) isAnywhere = true
      else if (accountId !== null) addToAccount(accountId, place)
      else if (place !== null) placesOfAny.push(place)
      else isAnywhere = true
    },
    isBetween(accountId, previous, next) {
      if (isAnywhere) return true
      const isInGap = (place: bigint | null): boolean =>
        place === null || (place >= previous && place <= next)
      const nearest = firstFrom(placesOfAny, previous)
      if (nearest !== undefined && nearest <= next) return true
      return places.get(accountId)?.some(isInGap) ?? false
    },
  }
}

/** The first of ascending places that is not below another one. */
function firstFrom(places: readonly bigint[], least: bigint): bigint | undefined {
  let [low, high] = [0, places.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((places[middle] as bigint) < least) low = middle + 1
    else high = middle
  }
  return places[low]
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
    ...ledger,
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
    const before = entry.accountId === accountId ? previous : null
    accountId = entry.accountId
    previous = entry.kind === 'transaction' ? placeOf(entry) : null
    // Without two places there is no order, and nothing is compared.
    if (before === null || previous === null) return [entry]
    return lost.isBetween(accountId, before, previous) ? [unreadableRow(accountId), entry] : [entry]
  }

  for await (const batch of batches) yield batch.flatMap(withLost)
}

function placeOf({ sequence }: LedgerTransactionInput): bigint | null {
  return sequence == null ? null : BigInt(sequence)
}

function unreadableRow(accountId: string): LedgerEntryInput {
  return { kind: 'transaction', accountId } as LedgerEntryInput
}
