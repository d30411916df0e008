import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { AlertRule } from './alert-rule.ts'
import { isPlain } from './assert-alert-expression.ts'

const MADE = 'made by `defineAlertRule`'

/**
 * Requires rules that are complete and that can be told apart: two with one name would be one alert.
 *
 * @param factory the function that was called, for errors
 * @throws {InvalidOptionError} `INVALID_OPTION`
 */
export function assertAlertRules(factory: string, rules: readonly AlertRule[]): void {
  if (!Array.isArray(rules) || !rules.every(isComplete)) {
    throw new InvalidOptionError(factory, 'rules', `a list of rules ${MADE}`)
  }
  if (new Set(rules.map(({ name }: AlertRule) => name)).size === rules.length) return
  throw new InvalidOptionError(factory, 'rules', 'rules with different names')
}

/**
 * Requires one rule that is complete.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION`
 */
export function assertAlertRule(factory: string, rule: AlertRule): void {
  if (!isComplete(rule)) throw new InvalidOptionError(factory, 'rule', MADE)
}

/** By what only `defineAlertRule` fills in, since a rule may come from another copy of this package. */
function isComplete(rule: AlertRule): boolean {
  return (
    isPlain(rule) &&
    [rule.expr, rule.labels].every(isPlain) &&
    [rule.and, rule.or].every(Array.isArray) &&
    [rule.minSamples, rule.forMs, rule.keepFiringForMs].every(Number.isFinite)
  )
}
