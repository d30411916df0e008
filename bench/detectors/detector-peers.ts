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

/**
 * A day of payments in the order of time: every 50th fails, and a card is topped up when it runs out.
 * Cards take turns by a fixed stride, so that neighbours in time are strangers in memory.
 */
export function* payments(count: number, cards: number): Generator<AccountEvent> {
  const balances = new Map<number, bigint>()
  const names = Array.from({ length: cards }, (_, card) => `card-${card}`)
  for (let index = 0; index < count; index += 1) {
    const card = (index * 7_919) % cards
    const before = balances.get(card) ?? 5_000n
    const price = BigInt(250 + (index % 1_250))
    const isTopUp = before < price
    const isFailed = !isTopUp && index % 50 === 49
    const amount = isTopUp ? 5_000n : -price
    const after = isFailed ? before : before + amount
    balances.set(card, after)
    yield payment(index, names[card]!, { amount, before, after, isFailed })
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
