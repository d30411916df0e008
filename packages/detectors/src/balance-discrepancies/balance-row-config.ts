import { assertWholeNumber } from '@assay/core'

import type { AccountId } from '../ledger/ledger-entry.ts'
import { assertAmount } from './assert-amount.ts'

/** What can be set of the rules that judge balances transaction by transaction. */
export interface BalanceRowOptions {
  /** Whose data it is, where findings of several tenants meet. Part of every fingerprint. */
  readonly tenant?: string | null | undefined
  /** The difference that stays silent, in minor units, at least 0n. Default 1n: 2n is found. */
  readonly toleranceMinor?: bigint | undefined
  /**
   * How far below zero an account may go, at least 0n: the same for all, or by account. It is asked only
   * about balances below zero. Default 0n.
   */
  readonly overdraftLimitMinor?: bigint | OverdraftLimitOf | undefined
  /**
   * Whether transactions without a sequence were booked in the order of their event times. Without
   * that, and without sequences, continuity is not evaluable. Default false.
   */
  readonly orderProven?: boolean | undefined
  /**
   * How many of an account's last transactions are kept, at least 2: among them a transaction finds its
   * place that was booked before one with an earlier event time. Each takes about 200 bytes. Default 2.
   */
  readonly keptMax?: number | undefined
}

/** Says how far below zero an account may go, in minor units. */
export type OverdraftLimitOf = (accountId: AccountId) => bigint

/** What the rules that judge balances transaction by transaction are set to. */
export interface BalanceRowConfig {
  readonly tenant: string | null
  readonly toleranceMinor: bigint
  readonly overdraftLimitMinor: bigint | OverdraftLimitOf
  readonly orderProven: boolean
  readonly keptMax: number
}

/**
 * Checks options and fills in what they leave out.
 *
 * @param options amounts in minor units, bounds in transactions of an account
 * @returns the settings of `balanceRowDetector`
 * @throws `INVALID_OPTION` for an option that is out of range
 *
 * @example
 * ```ts
 * import { readBalanceRowConfig } from '@assay/detectors'
 *
 * console.log(readBalanceRowConfig({ toleranceMinor: 0n }).keptMax) // 2
 * ```
 */
export function readBalanceRowConfig({
  tenant = null,
  toleranceMinor = 1n,
  overdraftLimitMinor = 0n,
  orderProven = false,
  keptMax = 2,
}: BalanceRowOptions = {}): BalanceRowConfig {
  assertAmount(FACTORY, 'toleranceMinor', toleranceMinor)
  if (typeof overdraftLimitMinor !== 'function') {
    assertAmount(FACTORY, 'overdraftLimitMinor', overdraftLimitMinor)
  }
  assertWholeNumber(FACTORY, 'keptMax', keptMax, { min: 2 })
  return { tenant, toleranceMinor, overdraftLimitMinor, orderProven, keptMax }
}

const FACTORY = 'readBalanceRowConfig'
