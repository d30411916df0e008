import { formatAlertMatcher } from '../alert-manager/policy/alert-matcher.ts'
import type { AlertPolicy, AlertRoute } from '../alert-manager/policy/alert-policy.ts'
import {
  type CompiledInhibition,
  type CompiledPolicy,
  type CompiledRoute,
  compilePolicy,
} from '../alert-manager/policy/compile-policy.ts'
import type { AlertTimeInterval } from '../alert-manager/policy/time-interval.ts'
import { isPlain } from '../alert-rules/assert-alert-expression.ts'
import { formatPrometheusDuration } from '../alert-rules/format-prometheus-duration.ts'
import { formatYaml, type YamlValue } from '../alert-rules/format-yaml.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { type AlertmanagerReceiver, integrationOf } from './alertmanager-receiver.ts'

/** Options of {@link toAlertmanagerConfig}. */
export interface AlertmanagerConfigOptions {
  /** How Alertmanager reaches each receiver that the routes of the policy name. */
  readonly receivers: Readonly<Record<string, AlertmanagerReceiver>>
}

/**
 * Writes a policy as the configuration of an Alertmanager of version 0.25 or newer, which then sends
 * each alert where `routeAlert` says: the same tree, matchers, groups, timings, mute times and
 * inhibitions. Secrets stay in files of their own, which it names.
 *
 * Some things are another way there:
 * - `escalation` and `escalates` are left out: Alertmanager has no acknowledgement.
 * - It knows by receiver whether people are told the end, so a receiver of routes that differ in
 *   `sendResolved` stands there twice, as `slack` and as `slack (firing only)`.
 * - It does not see the `source` of an alert. A policy that asks for it is refused.
 * - Times of more than 100 years are 100 years.
 *
 * @param policy as `createAlertManager` takes it
 * @param options.receivers how to reach each receiver, by its name
 * @returns the file, in YAML
 * @throws {InvalidOptionError} `INVALID_OPTION` when the policy is not valid, asks for what Alertmanager
 * does not have, or names a receiver that cannot be reached
 *
 * @example
 * ```ts
 * import { toAlertmanagerConfig } from '@assay/core'
 *
 * const policy = { route: { receiver: 'team', groupBy: ['alertname'] } }
 * const config = toAlertmanagerConfig(policy, {
 *   receivers: { team: { kind: 'slack', webhookUrlFile: '/run/secrets/slack-webhook' } },
 * })
 * console.log(config.split('\n').slice(0, 4).join('\n'))
 * // route:
 * //   receiver: 'team'
 * //   group_by:
 * //     - 'alertname'
 * ```
 */
export function toAlertmanagerConfig(
  policy: AlertPolicy,
  options: AlertmanagerConfigOptions,
): string {
  const receivers = isPlain(options) ? options.receivers : undefined
  if (!isPlain(receivers)) {
    throw new InvalidOptionError(FACTORY, 'receivers', 'an object with a receiver for each name')
  }
  const compiled = compilePolicy(policy)
  assertExportable(compiled)
  const { inhibitions, root } = compiled
  const times = Object.entries(policy.muteTimeIntervals ?? {})
  return formatYaml({
    route: routeConfig(policy.route, root, undefined),
    inhibit_rules: inhibitions.length === 0 ? undefined : inhibitions.map(inhibitionConfig),
    receivers: receiversConfig(compiled, receivers),
    time_intervals: times.length === 0 ? undefined : times.map(timeIntervalConfig),
  })
}

const FACTORY = 'toAlertmanagerConfig'
/** Alertmanager counts in nanoseconds, which end after 292 years. */
const CENTURY_MS = 36_500 * 86_400_000
/** No alert has this label. An empty list would be the parent's there. */
const ALL_IN_ONE_GROUP = ['assay_all_in_one_group']

function assertExportable({ routesById, inhibitions }: CompiledPolicy): void {
  const routes = [...routesById.values()]
  const matchers = [
    ...routes.flatMap((route) => route.matchers),
    ...inhibitions.flatMap(({ source, target }) => [...source, ...target]),
  ]
  const labels = [
    ...matchers.map(({ label }) => label),
    ...routes.flatMap(({ groupBy }) => groupBy),
    ...inhibitions.flatMap(({ equal }) => equal),
  ]
  if (labels.includes('source')) {
    const requirement = 'one that does not ask for `source`, which Alertmanager does not see'
    throw new InvalidOptionError(FACTORY, 'policy', requirement)
  }
}

/** What a route has from its parent is not repeated. */
function routeConfig(
  route: AlertRoute,
  compiled: CompiledRoute,
  parent: CompiledRoute | undefined,
): YamlValue {
  const { matchers, groupBy } = compiled
  const hasOwnGroups = parent === undefined || groupBy.join() !== parent.groupBy.join()
  const duration = (option: 'groupWaitMs' | 'groupIntervalMs' | 'repeatMs'): string | undefined =>
    compiled[option] === parent?.[option] ? undefined : formatDuration(compiled[option])
  return {
    receiver: receiverName(compiled),
    matchers: matchers.length === 0 ? undefined : matchers.map(formatAlertMatcher),
    continue: compiled.isContinued ? true : undefined,
    group_by: hasOwnGroups ? (groupBy.length === 0 ? ALL_IN_ONE_GROUP : groupBy) : undefined,
    group_wait: duration('groupWaitMs'),
    group_interval: duration('groupIntervalMs'),
    repeat_interval: duration('repeatMs'),
    mute_time_intervals: route.muteTimeIntervals,
    routes: route.routes?.map((child, index) =>
      routeConfig(child, compiled.routes[index]!, compiled),
    ),
  }
}

function formatDuration(ms: number): string {
  return formatPrometheusDuration(Math.min(Math.ceil(ms), CENTURY_MS))
}

function inhibitionConfig({ source, target, equal }: CompiledInhibition): YamlValue {
  return {
    source_matchers: source.map(formatAlertMatcher),
    target_matchers: target.map(formatAlertMatcher),
    equal,
  }
}

function receiversConfig(
  { routesById }: CompiledPolicy,
  receivers: AlertmanagerConfigOptions['receivers'],
): YamlValue {
  const routesByName = new Map(
    [...routesById.values()].map((route) => [receiverName(route), route]),
  )
  return [...routesByName].map(([name, { receiver, sendResolved }]) => {
    if (!Object.hasOwn(receivers, receiver)) {
      throw new InvalidOptionError(FACTORY, `receivers.${receiver}`, 'given: a route names it')
    }
    const { list, config } = integrationOf(receivers[receiver]!, `receivers.${receiver}`)
    return { name, [list]: [{ ...config, send_resolved: sendResolved }] }
  })
}

/** No receiver of a policy has brackets in its name. */
function receiverName({ receiver, sendResolved }: CompiledRoute): string {
  return sendResolved ? receiver : `${receiver} (firing only)`
}

function timeIntervalConfig([name, intervals]: [string, readonly AlertTimeInterval[]]): YamlValue {
  return {
    name,
    time_intervals: intervals.map(({ times, weekdays, daysOfMonth, months, years, location }) => ({
      times: times?.map(({ start, end }) => ({ start_time: start, end_time: end })),
      weekdays,
      days_of_month: daysOfMonth,
      months,
      years,
      location,
    })),
  }
}
