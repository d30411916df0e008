import type { Severity } from '../../alerts/severity.ts'
import { InvalidOptionError } from '../../errors/invalid-option-error.ts'
import type { BusinessCalendar } from '../escalation/business-calendar.ts'
import { SEVERITIES } from '../severity-rank.ts'
import type {
  AlertEscalation,
  AlertEscalationStep,
  AlertInhibition,
  AlertPolicy,
  AlertRoute,
} from './alert-policy.ts'
import { assertKeys, assertList, isRecord } from './assert-shape.ts'

/** Options of {@link defaultAlertPolicy}: which channel plays which part. */
export interface DefaultAlertPolicyOptions {
  /** Who is paged for critical alerts. Default `pagerduty`. */
  readonly critical?: string | undefined
  /** Who hears of high alerts, and of all that nobody else takes. Default `slack`. */
  readonly team?: string | undefined
  /**
   * Who also hears of a component, by the value of the label `component`. Default
   * `oracle-operations`, `contract-monitoring` and `api-monitoring`, for `oracle`, `contract` and
   * `api`.
   */
  readonly components?: Readonly<Record<string, string>> | undefined
  /**
   * Who hears next while nobody acknowledges, in turn. Default, as in the operations guide: on-call
   * and lead, team lead and on-call, team and product, team.
   */
  readonly escalation?: Readonly<Partial<Record<Severity, readonly string[]>>> | undefined
  /** What a business day is. Default Monday to Friday from 09:00, UTC. */
  readonly calendar?: BusinessCalendar | undefined
  /** Which alerts say nothing while another fires. Default none. */
  readonly inhibitions?: readonly AlertInhibition[] | undefined
}

/** How long each severity waits before it is repeated, in milliseconds: 4, 8, 12 and 24 hours. */
export const DEFAULT_REPEAT_MS: Readonly<Record<Severity, number>> = {
  critical: 4 * 3_600_000,
  high: 8 * 3_600_000,
  medium: 12 * 3_600_000,
  low: 24 * 3_600_000,
}

/** How long each severity waits for an acknowledgement before the next people hear of it. */
export const DEFAULT_ESCALATION_WAIT_MS: Readonly<Record<Severity, AlertEscalationStep['waitMs']>> =
  {
    critical: 5 * 60_000,
    high: 15 * 60_000,
    medium: 60 * 60_000,
    low: 'next-business-day',
  }

/**
 * The policy of the operations guides: critical alerts page, high ones go to the team, and those of a
 * component to its channel as well. Alerts are grouped by name and component, repeated after 4 hours
 * (critical) to 24 hours (low), and their end is told.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION` for an option that it does not have, or cannot work with
 *
 * @example
 * ```ts
 * import { defaultAlertPolicy, routeAlert } from '@assay/core'
 *
 * const alert = {
 *   name: 'OracleServiceDown',
 *   severity: 'critical',
 *   labels: { component: 'oracle' },
 *   source: 'rules',
 * } as const
 * const receivers = routeAlert(defaultAlertPolicy(), alert).map(({ receiver }) => receiver)
 * console.log(receivers) // [ 'pagerduty', 'oracle-operations' ]
 * ```
 */
export function defaultAlertPolicy(options: DefaultAlertPolicyOptions = {}): AlertPolicy {
  assertKeys(FACTORY, 'options', options, OPTIONS)
  const { critical = 'pagerduty', team = 'slack', components = COMPONENTS } = options
  const { escalation = ESCALATION, calendar, inhibitions } = options
  if (!isRecord(components)) {
    throw new InvalidOptionError(FACTORY, 'components', 'receivers by component')
  }
  assertKeys(FACTORY, 'escalation', escalation, SEVERITIES)
  return {
    route: {
      receiver: team,
      groupBy: ['alertname', 'component'],
      repeatMs: DEFAULT_REPEAT_MS.medium,
      routes: [
        { ...repeating(critical, 'critical'), continue: true },
        { ...repeating(team, 'high'), continue: true },
        ...Object.entries(components).map(([component, receiver]) => ({
          matchers: [{ label: 'component', op: '=' as const, value: component }],
          receiver,
          routes: SEVERITIES.map((severity) => ({
            ...repeating(receiver, severity),
            // Those two have escalated where they were sent first.
            escalates: severity !== 'critical' && severity !== 'high',
          })),
        })),
        repeating(team, 'low'),
      ],
    },
    inhibitions,
    escalation: escalationOf(escalation),
    calendar,
  }
}

const FACTORY = 'defaultAlertPolicy'
const OPTIONS = [
  'critical',
  'team',
  'components',
  'escalation',
  'calendar',
  'inhibitions',
] satisfies (keyof DefaultAlertPolicyOptions)[]

const COMPONENTS: Readonly<Record<string, string>> = {
  oracle: 'oracle-operations',
  contract: 'contract-monitoring',
  api: 'api-monitoring',
}

const ESCALATION: Readonly<Record<Severity, readonly string[]>> = {
  critical: ['on-call', 'lead'],
  high: ['team-lead', 'on-call'],
  medium: ['team', 'product'],
  low: ['team'],
}

function repeating(receiver: string, severity: Severity): AlertRoute {
  return {
    matchers: [{ label: 'severity', op: '=', value: severity }],
    receiver,
    repeatMs: DEFAULT_REPEAT_MS[severity],
  }
}

function escalationOf(
  receivers: NonNullable<DefaultAlertPolicyOptions['escalation']>,
): AlertEscalation {
  return Object.fromEntries(
    SEVERITIES.map((severity) => {
      const { [severity]: names = [] } = receivers
      assertList(FACTORY, `escalation.${severity}`, names, "a list of receivers such as `['lead']`")
      const waitMs = DEFAULT_ESCALATION_WAIT_MS[severity]
      return [severity, names.map((receiver) => ({ receiver, waitMs }))]
    }),
  )
}
