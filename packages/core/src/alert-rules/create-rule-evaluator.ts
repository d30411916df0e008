import { AssayError } from '../errors/assay-error.ts'
import { assertDurationMs, InvalidOptionError } from '../errors/invalid-option-error.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { createAlertInstances } from './alert-instances.ts'
import type { AlertRuleSource, WindowEdge } from './alert-rule-source.ts'
import type { AlertRuleState, AlertTransition } from './alert-rule-state.ts'
import type { AlertRule } from './alert-rule.ts'
import { assertAlertRules } from './assert-alert-rules.ts'
import { createRuleProgram, type Reading, type Slot } from './rule-program.ts'

/** Options of {@link createRuleEvaluator}. */
export interface RuleEvaluatorOptions {
  /** Made by `defineAlertRule`, each with a name of its own. */
  readonly rules: readonly AlertRule[]
  /** Where the measurements come from: `createRegistrySource` or `createRepositorySource`. */
  readonly source: AlertRuleSource
  /** Whether a window includes its very beginning. Default `left-open`, as Prometheus 3. */
  readonly edge?: WindowEdge | undefined
  /**
   * How long a tick waits for measurements, in milliseconds. Then the signal of those that have not
   * come is aborted, and the rules that need them fail in this tick. Default 10,000.
   */
  readonly readingTimeoutMs?: number | undefined
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
   * joins it. It never rejects because a measurement fails, and a failed one changes no state.
   *
   * @param options.signal ends the wait for measurements; it is handed on to the source
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
 * @throws `INVALID_OPTION` when two rules have the same name, one is not made by `defineAlertRule`,
 * or the source cannot measure one
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
  readingTimeoutMs = 10_000,
  clock = systemClock,
}: RuleEvaluatorOptions): RuleEvaluator {
  assertAlertRules('createRuleEvaluator', rules)
  assertDurationMs('createRuleEvaluator', 'readingTimeoutMs', readingTimeoutMs, { min: 1 })
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
    const bounds = boundReadings(clock, readingTimeoutMs, signal)
    try {
      const readings = program.slots.map((slot) => readSlot(slot, at, bounds))
      const settled: Reading[] = []
      // One await for each of thousands that are there at once would cost more than the reading.
      for (const each of readings) settled.push(each instanceof Promise ? await each : each)
      return evaluate(at, settled)
    } finally {
      bounds.release()
    }
  }

  function readSlot(
    { leaf, offsetMs }: Slot,
    at: number,
    { signal, aborted }: ReadingBounds,
  ): Reading | Promise<Reading> {
    try {
      const vector = reader.read(leaf, at - offsetMs, signal)
      if (!(vector instanceof Promise)) return { vector }
      return Promise.race([vector, aborted]).then(
        (read) => ({ vector: read }),
        (cause: unknown) => ({ cause }),
      )
    } catch (cause) {
      return { cause }
    }
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

interface ReadingBounds {
  readonly signal: AbortSignal
  /** Rejects when the signal aborts, even where a source ignores it. */
  readonly aborted: Promise<never>
  release(): void
}

function boundReadings(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): ReadingBounds {
  const controller = new AbortController()
  const timer = clock.setTimer(() => {
    controller.abort(
      new AssayError('ALERT_RULE_READING_TIMEOUT', {
        message: `A measurement for alert rules did not come within ${timeoutMs} ms.`,
        retry: 'safe',
        context: { timeoutMs },
      }),
    )
  }, timeoutMs)
  const either =
    signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal])
  const aborted = new Promise<never>((_, reject) => {
    if (either.aborted) reject(either.reason)
    else either.addEventListener('abort', () => reject(either.reason), { once: true })
  })
  // Nobody may be waiting for it.
  aborted.catch(() => {})
  return { signal: either, aborted, release: () => timer.cancel() }
}
