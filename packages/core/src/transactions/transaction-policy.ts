import { assertDurationMs, assertWholeNumber } from '../errors/invalid-option-error.ts'

/** How a manager treats the transactions of each lane. */
export interface TransactionPolicy {
  /** How often a lane asks its chain while something is on its way, in milliseconds. Default 2,000. */
  readonly pollMs: number
  /** How many transactions of a lane have a nonce and are not mined, at most. Default 16. */
  readonly inFlightMax: number
  /** After how long without a block the same bytes are sent again, in milliseconds. Default 20,000. */
  readonly resendAfterMs: number
  /** After how long without a block an attempt is replaced, in milliseconds. Default 60,000. */
  readonly replaceAfterMs: number
  /** How many attempts one nonce gets, at most; after that its bytes are only sent again. Default 12. */
  readonly attemptsMax: number
  /** How many nonces in a row that nobody here used are filled, at most. Default 16. */
  readonly gapMax: number
  /** How many transactions of a lane wait for a nonce, at most. Default 100,000. */
  readonly queuedMax: number
  /** How long one round of a lane may take, in milliseconds. Default 30,000. */
  readonly roundTimeoutMs: number
  /** For how long a process holds a lane after its last round, in milliseconds. Default 60,000. */
  readonly leaseMs: number
}

const DEFAULTS: TransactionPolicy = {
  pollMs: 2_000,
  inFlightMax: 16,
  resendAfterMs: 20_000,
  replaceAfterMs: 60_000,
  attemptsMax: 12,
  gapMax: 16,
  queuedMax: 100_000,
  roundTimeoutMs: 30_000,
  leaseMs: 60_000,
}

/** @throws {InvalidOptionError} `INVALID_OPTION` */
export function parseTransactionPolicy(options: Partial<TransactionPolicy>): TransactionPolicy {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const policy: TransactionPolicy = { ...DEFAULTS, ...Object.fromEntries(given) }
  for (const name of ['pollMs', 'resendAfterMs', 'replaceAfterMs', 'roundTimeoutMs'] as const) {
    assertDurationMs(FACTORY, `policy.${name}`, policy[name], { min: 1 })
  }
  for (const name of ['inFlightMax', 'attemptsMax', 'queuedMax'] as const) {
    assertWholeNumber(FACTORY, `policy.${name}`, policy[name], { min: 1 })
  }
  assertWholeNumber(FACTORY, 'policy.gapMax', policy.gapMax, { min: 0 })
  assertDurationMs(FACTORY, 'policy.leaseMs', policy.leaseMs, { min: policy.roundTimeoutMs })
  return policy
}

const FACTORY = 'createTransactionManager'
