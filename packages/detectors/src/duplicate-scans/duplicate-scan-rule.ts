/**
 * The rule on scans.
 *
 * - `scans.duplicate-burst`: a card was read again so soon that nobody can have meant it.
 */
export type DuplicateScanRuleId = (typeof DUPLICATE_SCAN_RULE_IDS)[number]

/** Every rule on scans, in the order in which reports name them. */
export const DUPLICATE_SCAN_RULE_IDS = ['scans.duplicate-burst'] as const

/** Grows when the rule starts to judge the same scans otherwise. */
export const DUPLICATE_SCAN_VERSION = 1
