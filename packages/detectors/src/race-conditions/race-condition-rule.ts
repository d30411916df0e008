/**
 * The rule on races.
 *
 * - `transactions.concurrent-requests`: several requests on one account came so close together that
 *   they may have been worked on at the same time.
 */
export type RaceConditionRuleId = (typeof RACE_CONDITION_RULE_IDS)[number]

/** Every rule on races, in the order in which reports name them. */
export const RACE_CONDITION_RULE_IDS = ['transactions.concurrent-requests'] as const

/** Grows when the rule starts to judge the same transactions otherwise. */
export const RACE_CONDITION_VERSION = 1
