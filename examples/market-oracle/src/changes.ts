import type { OracleIntent } from '@assay/oracle'
import { type Address, getAddress } from 'viem'

/** Five markets that somebody bets on. */
export const MARKETS: readonly Address[] = Array.from({ length: 5 }, (_, n) =>
  getAddress(`0x${(n + 0xa000).toString(16).padStart(40, '0')}`),
)

/** A player has changed a position: the probability of the market is another one now. */
export interface PositionChange {
  readonly number: number
  readonly market: Address
  readonly probabilityBps: number
}

/** A stream of changes; each run sees the same. */
export function positionChanges(count: number): readonly PositionChange[] {
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1
    const market = MARKETS[(number * 3) % MARKETS.length] ?? '0x'
    return { number, market, probabilityBps: (number * 617) % 10_001 }
  })
}

/** What shall be on chain because of a change: its key is the change's, so that it may be asked twice. */
export function intentOf({ number, market, probabilityBps }: PositionChange): OracleIntent {
  return {
    idempotencyKey: `change-${number}`,
    market,
    functionName: 'updateRaffleProbability',
    args: [market, probabilityBps],
    observedAt: number,
    sequence: BigInt(number),
    // Every change is written, so that the end can be counted. A price feed would say `latest`.
    policy: 'every',
  }
}
