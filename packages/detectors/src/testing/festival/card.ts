import type { Random } from '@assay/core'

import type { AccountBalance, AccountId, TransactionId } from '../../ledger/ledger-entry.ts'
import { amount } from './chance.ts'
import type { SimulatedRuleId } from './festival-truth.ts'
import type { Scenario } from './visit.ts'

/** An account, and what the simulation knows about it. */
export interface Card {
  readonly accountId: AccountId
  readonly checkpointMinor: bigint
  /** The checkpoint and what the completed transactions say, and the failures that were given back. */
  countedMinor: bigint
  /** What the system really holds. */
  actualMinor: bigint
  /** What the next row begins with. */
  recordedMinor: bigint
  /** What the last completed row ended with; `null` before the first one. */
  lastAfterMinor: bigint | null
  /** Because of which fault the next completed row does not begin with that. */
  brokenBy: SimulatedRuleId | null
  /** Because of which fault the balance is not what was counted. */
  unbalancedBy: SimulatedRuleId | null
  sequence: bigint
  /** Distinct requests that failed since the last success. */
  failures: number
  lastPayment: { readonly transactionId: TransactionId; readonly amountMinor: bigint } | null
  lastEventTime: number
  /** Whether two people have a wristband of it. */
  readonly isShared: boolean
  /** What is to happen on it beside the ordinary. */
  readonly scenarios: Scenario[]
  /** Whether its balance is to be wrong at the end. */
  readonly isMisstated: boolean
}

/** What is known of a card from the beginning. */
export type NewCard = Pick<Card, 'accountId' | 'isShared' | 'scenarios' | 'isMisstated'>

/** The currency of the festival. */
export const CURRENCY = 'EUR'

/** Half of the cards come with money that was paid in before the day. */
export function createCard(card: NewCard, opensAt: number, random: Random): Card {
  const checkpointMinor = random() < 0.5 ? 0n : amount(random, 1_000, 5_000)
  return {
    ...card,
    checkpointMinor,
    countedMinor: checkpointMinor,
    actualMinor: checkpointMinor,
    recordedMinor: checkpointMinor,
    lastAfterMinor: null,
    brokenBy: null,
    unbalancedBy: null,
    sequence: 0n,
    failures: 0,
    lastPayment: null,
    lastEventTime: opensAt,
  }
}

/** What its rows and the system both can pay. */
export function spendableOf({ recordedMinor, actualMinor }: Card): bigint {
  return recordedMinor < actualMinor ? recordedMinor : actualMinor
}

/** What the system says that the card holds. */
export function balanceOf(
  { accountId, checkpointMinor, lastEventTime }: Card,
  balanceMinor: bigint,
): AccountBalance {
  return {
    accountId,
    currency: CURRENCY,
    balanceMinor,
    checkpointMinor,
    overdraftLimitMinor: 0n,
    eventTime: lastEventTime,
  }
}
