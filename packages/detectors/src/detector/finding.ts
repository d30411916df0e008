import type { Severity } from '@assay/core'

/**
 * Something that a rule found. Plain data; amounts inside `evidence` are decimal strings of minor
 * units, so that only `amount` needs care on its way to JSON.
 */
export interface Finding<RuleId extends string = string> {
  /**
   * The same for the same fact, however often and whenever it is found: made of the rule, the tenant
   * and the first event. Store findings under it and a second run changes nothing.
   */
  readonly fingerprint: string
  /** Which rule, such as `balance.arithmetic`. */
  readonly ruleId: RuleId
  /** Grows when a rule starts to judge the same rows otherwise. */
  readonly ruleVersion: number
  readonly severity: Severity
  /**
   * - `open`: found for the first time.
   * - `update`: an open finding has grown.
   * - `resolve`: what was found has ended, such as a failure that was reversed.
   */
  readonly action: 'open' | 'update' | 'resolve'
  /** What it is about: the account, the card or the source. */
  readonly subject: string
  /** The transactions or scans that show it, oldest first, at most 100; empty when none does. */
  readonly transactionIds: readonly string[]
  /** The money that is affected; its sign is explained by the rule. */
  readonly amount?: FindingAmount | undefined
  /** When it happened, in integer epoch milliseconds: the event's time, never the time of detection. */
  readonly eventTime: number
  /** From 0 to 1; exactly 1 where the rule is arithmetic. */
  readonly confidence: number
  /** The figures that led to it. */
  readonly evidence: Readonly<Record<string, string | number | boolean | null>>
}

/** An amount as a finding carries it: with the currency's code as the row had it. */
export interface FindingAmount {
  readonly amountMinor: bigint
  readonly currency: string
}

/** The most transactions that a finding names; its evidence counts them all. */
export const NAMED_MAX = 100
