import type { Severity } from '../../alerts/severity.ts'
import {
  assertDurationMs,
  assertWholeNumber,
  InvalidOptionError,
} from '../../errors/invalid-option-error.ts'
import { type BusinessCalendar, invalidCalendar } from '../escalation/business-calendar.ts'
import { SEVERITIES } from '../severity-rank.ts'
import {
  type AlertMatcherInput,
  type CompiledMatcher,
  compileMatcher,
  formatAlertMatcher,
  MATCHERS_REQUIREMENT,
} from './alert-matcher.ts'
import type {
  AlertEscalationStep,
  AlertInhibition,
  AlertPolicy,
  AlertRoute,
} from './alert-policy.ts'
import { assertKeys, assertList, isRecord } from './assert-shape.ts'
import {
  type AlertTimeInterval,
  type CompiledTimeInterval,
  compileTimeInterval,
} from './time-interval.ts'

/** A route with everything that it inherits. */
export interface CompiledRoute {
  /** The receiver and the matchers on the way from the root: the same as long as those are. */
  readonly id: string
  readonly receiver: string
  readonly matchers: readonly CompiledMatcher[]
  readonly isContinued: boolean
  readonly groupBy: readonly string[]
  readonly groupWaitMs: number
  readonly groupIntervalMs: number
  readonly repeatMs: number
  readonly sendResolved: boolean
  readonly escalates: boolean
  readonly muteTimes: readonly CompiledTimeInterval[]
  readonly routes: readonly CompiledRoute[]
}

/** An inhibition that is ready to be asked. */
export interface CompiledInhibition {
  /** What it says, so that processes with the same policy mean the same. */
  readonly id: string
  readonly source: readonly CompiledMatcher[]
  readonly target: readonly CompiledMatcher[]
  readonly equal: readonly string[]
}

/** A policy that was found valid, ready to be asked. */
export interface CompiledPolicy {
  readonly root: CompiledRoute
  readonly routesById: ReadonlyMap<string, CompiledRoute>
  readonly inhibitions: readonly CompiledInhibition[]
  readonly escalation: ReadonlyMap<Severity, readonly AlertEscalationStep[]>
  readonly calendar: BusinessCalendar
  /** Every receiver that it names. */
  readonly receivers: ReadonlySet<string>
}

/**
 * Checks a policy and makes it ready. The same object is compiled once.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION`, naming the place in the policy
 */
export function compilePolicy(policy: AlertPolicy): CompiledPolicy {
  let compiled = isRecord(policy) ? compiledPolicies.get(policy) : undefined
  if (compiled === undefined) {
    compiled = compile(policy)
    compiledPolicies.set(policy, compiled)
  }
  return compiled
}

const compiledPolicies = new WeakMap<AlertPolicy, CompiledPolicy>()

const RECEIVER = /^[a-z0-9][\w .#@-]{0,99}$/i
const LABEL = /^[a-z_][a-z0-9_]*$/i
const ROUTE_DEPTH_MAX = 20

/** Where a route begins that gives nothing itself. Durations as in Alertmanager. */
const DEFAULTS = {
  groupBy: [] as readonly string[],
  groupWaitMs: 30_000,
  groupIntervalMs: 300_000,
  repeatMs: 14_400_000,
  sendResolved: true,
  escalates: true,
}

/** Misspelt ones are refused: what they were to say would go unsaid. */
const KEYS = {
  policy: ['route', 'inhibitions', 'muteTimeIntervals', 'escalation', 'calendar'],
  route: [
    'receiver',
    'matchers',
    'continue',
    'groupBy',
    'groupWaitMs',
    'groupIntervalMs',
    'repeatMs',
    'sendResolved',
    'escalates',
    'muteTimeIntervals',
    'routes',
  ],
  inhibition: ['sourceMatchers', 'targetMatchers', 'equal'],
  step: ['receiver', 'waitMs'],
  calendar: ['timeZone', 'opensAt', 'workdays', 'holidays'],
  interval: ['times', 'weekdays', 'daysOfMonth', 'months', 'years', 'location'],
} satisfies {
  policy: (keyof AlertPolicy)[]
  route: (keyof AlertRoute)[]
  inhibition: (keyof AlertInhibition)[]
  step: (keyof AlertEscalationStep)[]
  calendar: (keyof BusinessCalendar)[]
  interval: (keyof AlertTimeInterval)[]
}

function compile(policy: AlertPolicy): CompiledPolicy {
  assertKeys(FACTORY, 'policy', policy, KEYS.policy)
  assertKeys(FACTORY, 'policy.route', policy.route, KEYS.route)
  const muteTimes = compileMuteTimes(policy.muteTimeIntervals ?? {})
  const { route: root } = policy
  if (root.receiver === undefined) throw invalid('route.receiver', 'the name of a channel')
  for (const option of ['matchers', 'continue', 'muteTimeIntervals'] as const) {
    if (root[option] !== undefined) throw invalid(`route.${option}`, 'left out at the root')
  }
  const routesById = new Map<string, CompiledRoute>()
  const compiledRoot = compileRoute(root, 'route', { ...DEFAULTS, receiver: root.receiver }, '', {
    muteTimes,
    routesById,
  })

  const calendar = policy.calendar ?? { timeZone: 'UTC' }
  assertKeys(FACTORY, 'policy.calendar', calendar, KEYS.calendar)
  const [option, requirement] = invalidCalendar(calendar) ?? []
  if (option !== undefined) throw invalid(`calendar.${option}`, String(requirement))

  const escalation = compileEscalation(policy.escalation ?? {})
  const { inhibitions = [] } = policy
  assertList(FACTORY, 'policy.inhibitions', inhibitions, 'a list of inhibitions')
  return {
    root: compiledRoot,
    routesById,
    inhibitions: inhibitions.map(compileInhibition),
    escalation,
    calendar,
    receivers: new Set([
      ...[...routesById.values()].map(({ receiver }) => receiver),
      ...[...escalation.values()].flat().map(({ receiver }) => receiver),
    ]),
  }
}

/** What a route has from its parent. */
type Inherited = typeof DEFAULTS & { readonly receiver: string }

interface RouteCompilation {
  readonly muteTimes: ReadonlyMap<string, readonly CompiledTimeInterval[]>
  readonly routesById: Map<string, CompiledRoute>
}

function compileRoute(
  route: AlertRoute,
  at: string,
  parent: Inherited,
  parentPath: string,
  compilation: RouteCompilation,
): CompiledRoute {
  assertKeys(FACTORY, `policy.${at}`, route, KEYS.route)
  const own: Inherited = {
    receiver: route.receiver ?? parent.receiver,
    groupBy: route.groupBy ?? parent.groupBy,
    groupWaitMs: route.groupWaitMs ?? parent.groupWaitMs,
    groupIntervalMs: route.groupIntervalMs ?? parent.groupIntervalMs,
    repeatMs: route.repeatMs ?? parent.repeatMs,
    sendResolved: route.sendResolved ?? parent.sendResolved,
    escalates: route.escalates ?? parent.escalates,
  }
  assertRouteOptions(own, at)

  const { muteTimeIntervals = [], routes: children = [] } = route
  assertList(FACTORY, `policy.${at}.muteTimeIntervals`, muteTimeIntervals, 'a list of names')
  assertList(FACTORY, `policy.${at}.routes`, children, 'a list of routes')
  const matchers = compileMatchers(route.matchers ?? [], `${at}.matchers`)
  const path = `${parentPath}/{${matchers.map(formatAlertMatcher).join(',')}}`
  const compiled: CompiledRoute = {
    ...own,
    id: `${own.receiver}${path}`,
    matchers,
    isContinued: route.continue ?? false,
    muteTimes: muteTimeIntervals.flatMap((name) => {
      const times = compilation.muteTimes.get(name)
      if (times === undefined) {
        throw invalid(`${at}.muteTimeIntervals`, "names of the policy's `muteTimeIntervals`")
      }
      return times
    }),
    routes: [],
  }
  if (compilation.routesById.has(compiled.id)) {
    throw invalid(at, 'different from its siblings in its matchers or its receiver')
  }
  if (path.split('/{').length > ROUTE_DEPTH_MAX) {
    throw invalid(at, `at most ${ROUTE_DEPTH_MAX} levels deep`)
  }
  compilation.routesById.set(compiled.id, compiled)
  const routes = children.map((child, index) =>
    compileRoute(child, `${at}.routes[${index}]`, own, path, compilation),
  )
  return Object.assign(compiled, { routes })
}

function assertRouteOptions(options: Inherited, at: string): void {
  const { receiver, groupBy, groupWaitMs, groupIntervalMs, repeatMs } = options
  assertReceiver(receiver, `${at}.receiver`)
  assertLabels(groupBy, `${at}.groupBy`)
  assertDurationMs(FACTORY, `policy.${at}.groupWaitMs`, groupWaitMs)
  assertDurationMs(FACTORY, `policy.${at}.groupIntervalMs`, groupIntervalMs, { min: 1 })
  assertDurationMs(FACTORY, `policy.${at}.repeatMs`, repeatMs, { min: 1 })
}

function compileMuteTimes(
  intervals: NonNullable<AlertPolicy['muteTimeIntervals']>,
): Map<string, readonly CompiledTimeInterval[]> {
  const compiled = new Map<string, readonly CompiledTimeInterval[]>()
  for (const [name, list] of Object.entries(intervals)) {
    assertList(FACTORY, `policy.muteTimeIntervals.${name}`, list, 'a list of intervals')
    const times = list.map((interval, index) => {
      const at = `muteTimeIntervals.${name}[${index}]`
      assertKeys(FACTORY, `policy.${at}`, interval, KEYS.interval)
      const result = compileTimeInterval(interval)
      if ('isWithin' in result) return result.isWithin
      throw invalid(`${at}.${result.invalid}`, INTERVAL_REQUIREMENTS[result.invalid])
    })
    compiled.set(name, times)
  }
  return compiled
}

/** What each list of an interval holds, with an example of it. */
const INTERVAL_REQUIREMENTS: Readonly<Record<keyof AlertTimeInterval, string>> = {
  times: "a list of ranges within a day, such as `{ start: '09:00', end: '17:00' }`",
  weekdays: 'a list of weekdays such as `saturday` or `monday:friday`, the week from Sunday on',
  daysOfMonth: 'a list of days such as `1`, `1:7` or `-3:-1`',
  months: 'a list of months such as `december`, `june:august` or `6:8`',
  years: 'a list of years such as `2026` or `2026:2028`',
  location: 'an IANA time zone that this host knows, such as `Europe/Warsaw`',
}

function compileInhibition(inhibition: AlertInhibition, index: number): CompiledInhibition {
  const at = `inhibitions[${index}]`
  assertKeys(FACTORY, `policy.${at}`, inhibition, KEYS.inhibition)
  const source = compileMatchers(inhibition.sourceMatchers, `${at}.sourceMatchers`)
  const target = compileMatchers(inhibition.targetMatchers, `${at}.targetMatchers`)
  const { equal = [] } = inhibition
  if (source.length === 0) throw invalid(`${at}.sourceMatchers`, 'at least one matcher')
  if (target.length === 0) throw invalid(`${at}.targetMatchers`, 'at least one matcher')
  assertLabels(equal, `${at}.equal`)
  const [from, to] = [source, target].map((side) => side.map(formatAlertMatcher).join(','))
  return { id: `${from} > ${to} (${equal.join(',')})`, source, target, equal }
}

function compileMatchers(inputs: readonly AlertMatcherInput[], at: string): CompiledMatcher[] {
  assertList(FACTORY, `policy.${at}`, inputs, MATCHERS_REQUIREMENT)
  return inputs.map((input, index) => {
    const { matcher, requirement } = compileMatcher(input)
    if (matcher === undefined) throw invalid(`${at}[${index}]`, requirement)
    return matcher
  })
}

function compileEscalation(
  escalation: NonNullable<AlertPolicy['escalation']>,
): Map<Severity, readonly AlertEscalationStep[]> {
  const compiled = new Map<Severity, readonly AlertEscalationStep[]>()
  assertKeys(FACTORY, 'policy.escalation', escalation, SEVERITIES)
  for (const severity of SEVERITIES) {
    const steps = escalation[severity] ?? []
    assertList(FACTORY, `policy.escalation.${severity}`, steps, 'a list of steps')
    for (const [index, step] of steps.entries()) {
      const at = `escalation.${severity}[${index}]`
      assertKeys(FACTORY, `policy.${at}`, step, KEYS.step)
      const { receiver, waitMs } = step
      assertReceiver(receiver, `${at}.receiver`)
      if (waitMs !== 'next-business-day') {
        assertWholeNumber(FACTORY, `policy.${at}.waitMs`, waitMs, { min: 0 })
      }
    }
    compiled.set(severity, steps)
  }
  return compiled
}

function assertReceiver(receiver: string, at: string): void {
  if (typeof receiver === 'string' && RECEIVER.test(receiver)) return
  throw invalid(at, 'a name of at most 100 letters, digits, spaces and `_.#@-`')
}

function assertLabels(labels: readonly string[], at: string): void {
  assertList(FACTORY, `policy.${at}`, labels, "a list of labels such as `['alertname']`")
  if (labels.every((label) => LABEL.test(label)) && new Set(labels).size === labels.length) return
  throw invalid(at, 'different labels of letters, digits and `_`')
}

const FACTORY = 'createAlertManager'

function invalid(at: string, requirement: string): InvalidOptionError {
  return new InvalidOptionError(FACTORY, `policy.${at}`, requirement)
}
