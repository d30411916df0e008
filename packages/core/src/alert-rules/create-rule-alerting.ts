import type { AlertManager } from '../alert-manager/alert-manager.ts'
import { type Alert, type AlertIdentity, fingerprintOfAlert } from '../alerts/alert.ts'
import { assertDurationMs, InvalidOptionError } from '../errors/invalid-option-error.ts'
import { type Logger, silentLogger } from '../logger/logger.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { ALERT_RULES_SOURCE, alertOfRuleState } from './alert-of-rule-state.ts'
import type { AlertRuleState, AlertTransition } from './alert-rule-state.ts'
import { LABEL_NAME } from './assert-alert-expression.ts'
import type { RuleEvaluator } from './create-rule-evaluator.ts'
import { createLeftAlertJudge } from './left-alerts.ts'
import { logRuleAlerting } from './log-rule-alerting.ts'
import type { RuleAlerting, RuleAlertingFailure, RuleAlertingTick } from './rule-alerting.ts'

/** Options of {@link createRuleAlerting}. */
export interface RuleAlertingOptions {
  readonly evaluator: RuleEvaluator
  /** Who tells people. The host runs it and closes it. */
  readonly manager: Pick<AlertManager, 'fire' | 'resolve' | 'alerts'>
  /**
   * Added to the labels of every alert; where a series or a rule has the same label, these win.
   * Processes that share a store and look each at a registry of their own must differ in them, such as
   * by `replica`, and keep them over a restart. Default none, which is right where all of them ask one
   * repository.
   */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** From the end of one tick of `run` to the next, in milliseconds. Default 15 000. */
  readonly intervalMs?: number | undefined
  readonly clock?: Clock | undefined
  /** Hears of what could not be measured, fired or resolved. */
  readonly logger?: Logger | undefined
}

/**
 * Keeps an alert manager up to date with what rules say. Each tick evaluates the rules and fires all
 * that fires, not only what has begun to: the manager knows that it is the same alert. So nothing is
 * lost when its store is away for a while, and `resolveAfterMs` of the manager ends only what nobody
 * evaluates any more.
 *
 * It resolves two kinds of alerts, once their rule does not fire any more: those that it has fired
 * itself, also when their rule has lost its data, as Prometheus does; and those of its rules that an
 * earlier process left in the manager's store. The latter it ends only when the rule has data again and
 * does not hold, not before it has run for as long as the rule's `forMs` and `keepFiringForMs` together.
 * What others have fired since it began, and alerts of rules that it does not have, it leaves alone.
 *
 * @param options the evaluator, the manager, and what differs from the defaults
 * @throws {InvalidOptionError} `INVALID_OPTION`
 *
 * @example
 * ```ts
 * import {
 *   createAlertManager,
 *   createMetrics,
 *   createRegistrySource,
 *   createRuleAlerting,
 *   createRuleEvaluator,
 *   defineAlertRule,
 *   measure,
 * } from '@assay/core'
 * import { createRecordingChannel } from '@assay/core/testing'
 *
 * const metrics = createMetrics()
 * const queue = metrics.gauge({ name: 'queue_depth', help: 'Jobs that wait.' }).labels({})
 * const rule = defineAlertRule({
 *   name: 'QueueTooLong',
 *   severity: 'medium',
 *   expr: measure.gauge({ metric: 'queue_depth' }),
 *   op: '>',
 *   threshold: 50,
 *   runbookUrl: 'https://runbooks.example/queue-too-long',
 *   summary: 'Jobs wait for long.',
 * })
 * const manager = createAlertManager({
 *   policy: { route: { receiver: 'team' } },
 *   channels: { team: createRecordingChannel() },
 * })
 * const alerting = createRuleAlerting({
 *   evaluator: createRuleEvaluator({ rules: [rule], source: createRegistrySource(metrics) }),
 *   manager,
 *   labels: { replica: 'payments-0' },
 * })
 *
 * queue.set(80)
 * await alerting.tick() // or `run`, which does so every 15 seconds
 * console.log((await manager.alerts())[0]?.labels) // { replica: 'payments-0' }
 * queue.set(0)
 * console.log((await alerting.tick()).resolved) // 1
 * ```
 */
export function createRuleAlerting({
  evaluator,
  manager,
  labels = {},
  intervalMs = 15_000,
  clock = systemClock,
  logger = silentLogger,
}: RuleAlertingOptions): RuleAlerting {
  assertDurationMs('createRuleAlerting', 'intervalMs', intervalMs, { min: 1 })
  assertLabels(labels)
  /** By fingerprint, the alerts that are to end here once their rules do not fire any more. */
  const charges = new Map<string, Charge>()
  let beganAt: number | undefined
  let hasListed = false
  let running: Promise<RuleAlertingTick> | undefined

  async function runTick(signal: AbortSignal | undefined): Promise<RuleAlertingTick> {
    const failures: RuleAlertingFailure[] = []
    const { at, transitions } = await evaluate(signal, failures)
    beganAt ??= at
    if (!hasListed) await takeOver(failures)

    const states = evaluator.states().map((state) => withLabels(state, labels))
    const firing = firingAlerts(states, at)
    for (const [fingerprint, { name, labels: own }] of firing) {
      const identity = { name, labels: own }
      charges.set(fingerprint, { identity, isLeft: false, endedAt: undefined })
    }
    const ended = endedCharges(firing, states, at)
    const [fired, resolved] = await Promise.all([
      countOf([...firing.values()], (alert) => fire(alert, failures)),
      countOf(ended, ([fingerprint, charge]) => resolve(fingerprint, charge, failures)),
    ])
    if (signal?.aborted !== true) logRuleAlerting(logger, failures)
    return { at, transitions, fired, resolved, failures }
  }

  async function evaluate(
    signal: AbortSignal | undefined,
    failures: RuleAlertingFailure[],
  ): Promise<{ at: number; transitions: readonly AlertTransition[] }> {
    try {
      const tick = await evaluator.tick({ signal })
      for (const { rule, cause } of tick.failures) failures.push({ step: 'measure', rule, cause })
      return tick
    } catch (cause) {
      failures.push({ step: 'evaluate', cause })
      return { at: clock.now(), transitions: [] }
    }
  }

  /**
   * Once, what the manager has kept of our rules. Later on, such an alert may be another process's own,
   * and to end it would be to take turns with that process at ending and firing it.
   */
  async function takeOver(failures: RuleAlertingFailure[]): Promise<void> {
    try {
      const matchers = [`source="${ALERT_RULES_SOURCE}"`]
      const limit = Number.MAX_SAFE_INTEGER
      const kept = await manager.alerts({ matchers, status: 'firing', limit })
      for (const alert of kept) {
        if (charges.has(alert.fingerprint) || !hasLabels(alert, labels)) continue
        const identity = { name: alert.name, labels: alert.labels }
        charges.set(alert.fingerprint, { identity, isLeft: true, endedAt: undefined })
      }
      hasListed = true
    } catch (cause) {
      failures.push({ step: 'list', cause })
    }
  }

  function endedCharges(
    firing: ReadonlyMap<string, Alert>,
    states: readonly AlertRuleState[],
    at: number,
  ): readonly [fingerprint: string, charge: Charge][] {
    const hasEnded = createLeftAlertJudge(states, at - (beganAt ?? at))
    const ended = [...charges].filter(
      ([fingerprint, { isLeft, identity }]) =>
        !firing.has(fingerprint) && (!isLeft || hasEnded(identity)),
    )
    for (const [, charge] of ended) charge.endedAt ??= at
    return ended
  }

  async function fire(alert: Alert, failures: RuleAlertingFailure[]): Promise<boolean> {
    const identity = { name: alert.name, labels: alert.labels }
    try {
      const result = await manager.fire(alert)
      if (result.outcome !== 'refused') return true
      failures.push({ step: 'fire', identity, refusal: result.reason, cause: undefined })
    } catch (cause) {
      failures.push({ step: 'fire', identity, refusal: undefined, cause })
    }
    return false
  }

  async function resolve(
    fingerprint: string,
    { identity, endedAt }: Charge,
    failures: RuleAlertingFailure[],
  ): Promise<boolean> {
    try {
      const result = await manager.resolve(identity, { at: endedAt })
      if (result.outcome !== 'refused') {
        charges.delete(fingerprint)
        return result.outcome === 'resolved'
      }
      failures.push({ step: 'resolve', identity, refusal: result.reason, cause: undefined })
    } catch (cause) {
      failures.push({ step: 'resolve', identity, refusal: undefined, cause })
    }
    return false
  }

  const alerting: RuleAlerting = {
    tick({ signal } = {}) {
      running ??= runTick(signal).finally(() => {
        running = undefined
      })
      return running
    },
    async run({ signal }) {
      while (!signal.aborted) {
        await alerting.tick({ signal })
        await clock.sleep(intervalMs, { signal }).catch(() => {})
      }
    },
  }
  return alerting
}

/** An alert that is to end here. */
interface Charge {
  readonly identity: AlertIdentity
  /** An earlier process fired it, and this one has not. */
  readonly isLeft: boolean
  /** When it was noticed that it has ended, in epoch milliseconds. */
  endedAt: number | undefined
}

function withLabels(state: AlertRuleState, labels: AlertIdentity['labels']): AlertRuleState {
  return { ...state, labels: { ...state.labels, ...labels } }
}

function hasLabels(alert: AlertIdentity, labels: AlertIdentity['labels']): boolean {
  return Object.entries(labels).every(([name, value]) => alert.labels[name] === value)
}

/** By fingerprint: where labels make several series one alert, it is the first that fires. */
function firingAlerts(states: readonly AlertRuleState[], at: number): ReadonlyMap<string, Alert> {
  const firing = new Map<string, Alert>()
  for (const state of states) {
    if (state.state !== 'firing') continue
    const alert = alertOfRuleState(state, at)
    const fingerprint = fingerprintOfAlert(alert)
    if (!firing.has(fingerprint)) firing.set(fingerprint, alert)
  }
  return firing
}

async function countOf<Item>(
  items: readonly Item[],
  succeeds: (item: Item) => Promise<boolean>,
): Promise<number> {
  const results = await Promise.all(items.map(succeeds))
  return results.filter(Boolean).length
}

function assertLabels(labels: unknown): void {
  const isPlain = typeof labels === 'object' && labels !== null
  const isValid = ([name, value]: [string, unknown]): boolean =>
    LABEL_NAME.test(name) && typeof value === 'string' && value !== '' && value.isWellFormed()
  if (isPlain && Object.entries(labels).every(isValid)) return
  throw new InvalidOptionError('createRuleAlerting', 'labels', 'texts that are not empty, by name')
}
