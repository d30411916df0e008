import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { Clock } from '../runtime/clock.ts'
import { systemClock } from '../runtime/clock.ts'
import { createAlertInstances } from './alert-instances.ts'
import type { AlertRuleSource, WindowEdge } from './alert-rule-source.ts'
import type { AlertRuleState, AlertTransition } from './alert-rule-state.ts'
import type { AlertRule } from './alert-rule.ts'
import { createRuleProgram, type Reading } from './rule-program.ts'
import { assertDistinctNames } from './to-prometheus-rules.ts'

/** Options of {@link createRuleEvaluator}. */
export interface RuleEvaluatorOptions {
  /** Made by `defineAlertRule`, each with a name of its own. */
  readonly rules: readonly AlertRule[]
  /** Where the measurements come from: `createRegistrySource` or `createRepositorySource`. */
  readonly source: AlertRuleSource
  /** Whether a window includes its very beginning. Default `left-open`, as Prometheus 3. */
  readonly edge?: WindowEdge | undefined
  readonly clock?: Clock | undefined
}

/** What one tick brought. */
export interface RuleTick {
  /** In epoch milliseconds. */
  readonly at: number
  /** What changed, by rule. */
  readonly transitions: readonly AlertTransition[]
  /** Rules that could not be evaluated, because a measurement failed. They keep their states. */
  readonly failures: readonly { readonly rule: AlertRule; readonly cause: unknown }[]
}

/** Evaluates alert rules in this process. */
export interface RuleEvaluator {
  /**
   * Samples the source, and evaluates every rule as of now. While a tick is under way, another call
   * joins it. It never rejects because a measurement fails.
   *
   * @param options.signal handed on to the source
   */
  tick(options?: { readonly signal?: AbortSignal | undefined }): Promise<RuleTick>
  /** The state of each rule for each of its label sets, as of the last tick. */
  states(): readonly AlertRuleState[]
}

/**
 * Evaluates alert rules in this process with the meaning that they have in Prometheus: a rule holds
 * for a label set, waits `forMs` as `pending`, fires, and goes on for `keepFiringForMs`. Beyond
 * Prometheus, a rule that has nothing to judge says so: its state is `no_data`, and never firing.
 *
 * The host calls `tick` as often as it wants, such as every 15 seconds.
 *
 * @throws `INVALID_OPTION` when two rules have the same name, or the source cannot measure one
 *
 * @example
 * ```ts
 * import { createMetrics, createRegistrySource, createRuleEvaluator, defineAlertRule, measure } from '@assay/core'
 *
 * const metrics = createMetrics()
 * metrics.gauge({ name: 'queue_depth', help: 'Jobs that wait.' }).labels({}).set(80)
 *
 * const evaluator = createRuleEvaluator({
 *   rules: [
 *     defineAlertRule({
 *       name: 'QueueTooLong',
 *       severity: 'medium',
 *       expr: measure.gauge({ metric: 'queue_depth' }),
 *       op: '>',
 *       threshold: 50,
 *       runbookUrl: 'https://runbooks.example/queue-too-long',
 *       summary: 'Jobs wait for long.',
 *     }),
 *   ],
 *   source: createRegistrySource(metrics),
 * })
 * const { transitions } = await evaluator.tick()
 * console.log(transitions[0]?.state) // firing
 * ```
 */
export function createRuleEvaluator({
  rules,
  source,
  edge = 'left-open',
  clock = systemClock,
}: RuleEvaluatorOptions): RuleEvaluator {
  assertDistinctNames('createRuleEvaluator', rules)
  if (edge !== 'left-open' && edge !== 'closed') {
    throw new InvalidOptionError('createRuleEvaluator', 'edge', '`left-open` or `closed`')
  }
  const program = createRuleProgram(rules)
  const instances = rules.map(createAlertInstances)
  const reader = source.open({ edge, leaves: program.leaves })
  let running: Promise<RuleTick> | undefined

  async function runTick(signal: AbortSignal | undefined): Promise<RuleTick> {
    const at = clock.now()
    reader.sample(at)
    const readings: Reading[] = []
    for (const { leaf, offsetMs } of program.slots) {
      try {
        const vector = reader.read(leaf, at - offsetMs, signal)
        // One await for each of thousands of slots would cost more than the reading.
        readings.push({ vector: vector instanceof Promise ? await vector : vector })
      } catch (cause) {
        readings.push({ cause })
      }
    }
    return evaluate(at, readings)
  }

  function evaluate(at: number, readings: readonly Reading[]): RuleTick {
    const transitions: AlertTransition[] = []
    const failures: { rule: AlertRule; cause: unknown }[] = []
    for (const [index, rule] of rules.entries()) {
      const result = program.evaluate(index, readings)
      if ('cause' in result) failures.push({ rule, cause: result.cause })
      else instances[index]!.advance(result.judgement, at, transitions)
    }
    return { at, transitions, failures }
  }

  return {
    tick({ signal } = {}) {
      running ??= runTick(signal).finally(() => {
        running = undefined
      })
      return running
    },
    states: () => instances.flatMap((each) => each.states()),
  }
}
