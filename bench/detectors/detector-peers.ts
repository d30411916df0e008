import {
  type AccountEvent,
  balanceRowDetector,
  combineDetectors,
  type CombinedDetector,
  configureDetector,
  duplicateScanDetector,
  parseAccountEvent,
  raceConditionDetector,
  readBalanceRowConfig,
  readDuplicateScanConfig,
  readRaceConditionConfig,
  readTransactionFailureConfig,
  transactionFailureDetector,
} from '@assay/detectors'

/** The four detectors that judge by account, over one pass. */
export function createFourDetectors(): CombinedDetector {
  return combineDetectors([
    configureDetector(transactionFailureDetector, readTransactionFailureConfig()),
    configureDetector(balanceRowDetector, readBalanceRowConfig()),
    configureDetector(duplicateScanDetector, readDuplicateScanConfig()),
    configureDetector(raceConditionDetector, readRaceConditionConfig()),
  ])
}

export const opensAt = 1_749_895_200_000
/** Between two transactions of all cards. */
export const spacingMs = 10

/** What each card begins with: enough for a day. */
const checkpointMinor = 1_000_000n

/**
 * A day of payments in the order of time: on every fifth card the fourth payment fails. Cards take
 * turns by a fixed stride, so that neighbours in time are strangers in memory, and each pays the same
 * price each time, so that nobody need remember its balance.
 */
export function* payments(count: number, cards: number): Generator<AccountEvent> {
  const names = Array.from({ length: cards }, (_, card) => `card-${card}`)
  for (let index = 0; index < count; index += 1) {
    const card = (index * 7_919) % cards
    const turn = Math.floor(index / cards)
    const isFailed = card % 5 === 0 && turn === 3
    const paid = card % 5 === 0 && turn > 3 ? turn - 1 : turn
    const price = BigInt(250 + (card % 1_250))
    const before = checkpointMinor - BigInt(paid) * price
    const after = isFailed ? before : before - price
    yield payment(index, names[card]!, { amount: -price, before, after, isFailed })
  }
}

interface Movement {
  readonly amount: bigint
  readonly before: bigint
  readonly after: bigint
  readonly isFailed: boolean
}

function payment(
  index: number,
  accountId: string,
  { amount, before, after, isFailed }: Movement,
): AccountEvent {
  const parsed = parseAccountEvent({
    kind: 'transaction',
    transactionId: `tx-${index}`,
    accountId,
    status: isFailed ? 'failed' : 'completed',
    amountMinor: amount,
    balanceBeforeMinor: before,
    balanceAfterMinor: after,
    currency: 'EUR',
    eventTime: opensAt + index * spacingMs,
    sequence: index,
    requestId: `rq-${index}`,
    processingMs: 120,
  })
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.row
}
