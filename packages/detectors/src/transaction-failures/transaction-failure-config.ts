import { assertWholeNumber, InvalidOptionError } from '@assay/core'

import { readReachMs } from '../window/window-reach.ts'

/** What can be set of the rules that judge failures account by account. */
export interface TransactionFailureOptions {
  /** Whose data it is, where findings of several tenants meet. Part of every fingerprint. */
  readonly tenant?: string | null | undefined
  /** How many requests in a row must fail, at least 2. Default 3. */
  readonly failuresMin?: number | undefined
  /** How far apart the first and the last of these failures may lie, in milliseconds. Default 10 min. */
  readonly failureWindowMs?: number | undefined
  /**
   * Whether failures that lie exactly `failureWindowMs` apart are within the window. `exclusive` is
   * for parity with queries such as `created_at > now() - interval '10 minutes'`. Default `inclusive`.
   */
  readonly farEnd?: 'inclusive' | 'exclusive' | undefined
  /**
   * Whether a completed transaction ends a run of failures. `false` is for parity with counts that
   * look at failures alone. Default true.
   */
  readonly successResets?: boolean | undefined
  /**
   * What counts as a charge on a failure. `balance-changed` is for parity: a failure that raised the
   * balance is then a charge as well, with a negative amount. Default `balance-fell`.
   */
  readonly chargedWhen?: 'balance-fell' | 'balance-changed' | undefined
  /** The most failures of an account that are watched until they are made good. Default 100. */
  readonly openChargesMax?: number | undefined
  /**
   * The most transactions of an account that are made good by something that came before them, and
   * that are remembered for that. Default 16.
   */
  readonly earlyReversalsMax?: number | undefined
}

/** What the rules that judge failures account by account are set to. */
export interface TransactionFailureConfig {
  readonly tenant: string | null
  readonly failuresMin: number
  readonly failureWindowMs: number
  /** The most milliseconds by which failures of one run lie apart. */
  readonly reachMs: number
  readonly successResets: boolean
  readonly chargedWhen: 'balance-fell' | 'balance-changed'
  readonly openChargesMax: number
  readonly earlyReversalsMax: number
}

/**
 * Checks options and fills in what they leave out.
 *
 * @param options durations in milliseconds, bounds in transactions of an account
 * @returns the settings of `transactionFailureDetector`
 * @throws `INVALID_OPTION` for an option that is out of range
 *
 * @example
 * ```ts
 * import { readTransactionFailureConfig } from '@assay/detectors'
 *
 * console.log(readTransactionFailureConfig({ failuresMin: 5 }).failureWindowMs) // 600000
 * ```
 */
export function readTransactionFailureConfig({
  tenant = null,
  failuresMin = 3,
  failureWindowMs = 600_000,
  farEnd = 'inclusive',
  successResets = true,
  chargedWhen = 'balance-fell',
  openChargesMax = 100,
  earlyReversalsMax = 16,
}: TransactionFailureOptions = {}): TransactionFailureConfig {
  assertWholeNumber(FACTORY, 'failuresMin', failuresMin, { min: 2 })
  assertWholeNumber(FACTORY, 'openChargesMax', openChargesMax, { min: 1 })
  assertWholeNumber(FACTORY, 'earlyReversalsMax', earlyReversalsMax, { min: 0 })
  if (chargedWhen !== 'balance-fell' && chargedWhen !== 'balance-changed') {
    throw new InvalidOptionError(FACTORY, 'chargedWhen', '`balance-fell` or `balance-changed`')
  }
  return {
    tenant,
    failuresMin,
    failureWindowMs,
    reachMs: readReachMs(FACTORY, 'failureWindowMs', failureWindowMs, farEnd),
    successResets,
    chargedWhen,
    openChargesMax,
    earlyReversalsMax,
  }
}

const FACTORY = 'readTransactionFailureConfig'
