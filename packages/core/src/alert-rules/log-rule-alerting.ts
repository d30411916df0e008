import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Logger } from '../logger/logger.ts'
import type { RuleAlertingFailure } from './rule-alerting.ts'

/** One line for each step, about its first failure: a store that is away fails for thousands at once. */
export function logRuleAlerting(logger: Logger, failures: readonly RuleAlertingFailure[]): void {
  const byStep = Map.groupBy(failures, ({ step }) => step)
  for (const [step, [first, ...others]] of byStep) {
    const facts = { step, ...factsOf(first!), count: others.length + 1, err: first!.cause }
    tellQuietly(() => logger.error(facts, MESSAGES[step]))
  }
}

const MESSAGES: Readonly<Record<RuleAlertingFailure['step'], string>> = {
  evaluate: 'Alert rules could not be evaluated, and are tried again.',
  measure: 'Alert rules could not be measured. They keep their states, and are tried again.',
  list: 'What fired before this process began could not be read, and is tried again.',
  fire: 'Alerts of rules could not be fired, and are tried again.',
  resolve: 'Alerts of rules could not be resolved, and are tried again.',
}

function factsOf(failure: RuleAlertingFailure): object {
  if ('rule' in failure) return { rule: failure.rule.name }
  if (!('identity' in failure)) return {}
  return { alert: failure.identity, refusal: failure.refusal }
}
