import { describe, expect, test } from 'vitest'

import type { Severity } from '../../alerts/severity.ts'
import { InvalidOptionError } from '../../errors/invalid-option-error.ts'
import type { AlertPolicy, AlertRoute } from './alert-policy.ts'
import { compilePolicy } from './compile-policy.ts'
import {
  DEFAULT_REPEAT_MS,
  defaultAlertPolicy,
  type DefaultAlertPolicyOptions,
} from './default-alert-policy.ts'
import { routeAlert } from './route-alert.ts'

const alert = (labels: Record<string, string> = {}, severity: Severity = 'high') => ({
  name: 'Broken',
  severity,
  labels,
  source: 'test',
})

function receivers(route: AlertRoute, labels: Record<string, string>): string[] {
  return routeAlert({ route }, alert(labels)).map(({ receiver }) => receiver)
}

describe('an alert goes', () => {
  const tree: AlertRoute = {
    receiver: 'root',
    routes: [
      { receiver: 'a', matchers: ['team="a"'] },
      { receiver: 'audit', matchers: ['audited="yes"'], continue: true },
      {
        receiver: 'b',
        matchers: ['team=~"b.*"'],
        routes: [
          { receiver: 'b1', matchers: ['team="b1"'], continue: true },
          { receiver: 'money', matchers: ['money="yes"'] },
        ],
      },
      { receiver: 'rest', matchers: ['team!=""'] },
    ],
  }

  test.each<[string, Record<string, string>, string[]]>([
    ['to the root when no child takes it', {}, ['root']],
    ['to the first child that takes it', { team: 'a', audited: 'yes' }, ['a']],
    ['on, where that continues', { audited: 'yes', team: 'c' }, ['audit', 'rest']],
    ['nowhere else, where only that takes it', { audited: 'yes' }, ['audit']],
    ['to a node itself when none of its children takes it', { team: 'b2' }, ['b']],
    ['to several children of one node', { team: 'b1', money: 'yes' }, ['b1', 'money']],
    ['not past a node whose child continues', { team: 'b1' }, ['b1']],
  ])('%s', (_, labels, expected) => {
    expect(receivers(tree, labels)).toEqual(expected)
  })

  test('with what the nodes on its way say last', () => {
    const policy: AlertPolicy = {
      route: {
        receiver: 'root',
        groupBy: ['alertname'],
        repeatMs: 1,
        escalates: false,
        routes: [
          { matchers: ['x="1"'], groupWaitMs: 2, routes: [{ repeatMs: 3, matchers: ['y="1"'] }] },
        ],
      },
    }
    expect(routeAlert(policy, alert({ x: '1', y: '1' }))).toEqual([
      {
        receiver: 'root',
        groupBy: ['alertname'],
        groupWaitMs: 2,
        groupIntervalMs: 300_000,
        repeatMs: 3,
        sendResolved: true,
        escalates: false,
      },
    ])
  })
})

describe('the default policy sends', () => {
  test.each<[Severity, string, string[]]>([
    ['critical', 'payments', ['pagerduty']],
    ['critical', 'oracle', ['pagerduty', 'oracle-operations']],
    ['high', '', ['slack']],
    ['high', 'contract', ['slack', 'contract-monitoring']],
    ['medium', 'api', ['api-monitoring']],
    ['medium', '', ['slack']],
    ['low', 'oracle', ['oracle-operations']],
    ['low', '', ['slack']],
  ])(
    '%s alerts of %j to %j, repeated by severity, escalated once',
    (severity, component, expected) => {
      const routings = routeAlert(defaultAlertPolicy(), alert({ component }, severity))
      expect(routings.map(({ receiver }) => receiver)).toEqual(expected)
      expect(routings.map(({ repeatMs }) => repeatMs)).toEqual(
        expected.map(() => DEFAULT_REPEAT_MS[severity]),
      )
      expect(routings.filter(({ escalates }) => escalates)).toHaveLength(1)
      expect(routings.every(({ sendResolved }) => sendResolved)).toBe(true)
    },
  )

  test('and escalates as the operations guide says', () => {
    const { escalation } = compilePolicy(defaultAlertPolicy())
    const steps = [...escalation].flatMap(([severity, list]) =>
      list.map(({ receiver, waitMs }) => `${severity}: ${receiver} after ${waitMs}`),
    )
    expect(steps).toEqual([
      'critical: on-call after 300000',
      'critical: lead after 300000',
      'high: team-lead after 900000',
      'high: on-call after 900000',
      'medium: team after 3600000',
      'medium: product after 3600000',
      'low: team after next-business-day',
    ])
  })
})

describe('a policy is refused', () => {
  const root = { receiver: 'team' }
  const withRoute = (route: AlertRoute): AlertPolicy => ({ route: { ...root, routes: [route] } })
  test.each<[string, AlertPolicy]>([
    ['policy.route.receiver', { route: {} }],
    ['policy.route.matchers', { route: { ...root, matchers: ['a="b"'] } }],
    ['policy.route.continue', { route: { ...root, continue: true } }],
    ['policy.route.muteTimeIntervals', { route: { ...root, muteTimeIntervals: [] } }],
    ['policy.route.routes[0].matchers[1]', withRoute({ matchers: ['a="b"', 'c'] })],
    ['policy.route.routes[0].receiver', withRoute({ receiver: '__proto__' })],
    ['policy.route.routes[0].groupBy', withRoute({ groupBy: ['a', 'a'] })],
    ['policy.route.routes[0].groupWaitMs', withRoute({ groupWaitMs: -1 })],
    ['policy.route.routes[0].groupIntervalMs', withRoute({ groupIntervalMs: 0 })],
    ['policy.route.routes[0].repeatMs', withRoute({ repeatMs: Number.NaN })],
    ['policy.route.routes[0].muteTimeIntervals', withRoute({ muteTimeIntervals: ['night'] })],
    [
      'policy.muteTimeIntervals.night[0].times',
      { route: root, muteTimeIntervals: { night: [{ times: [{ start: 'x', end: 'y' }] }] } },
    ],
    [
      'policy.route.routes[1]',
      { route: { ...root, routes: [{ matchers: ['a="b"'] }, { matchers: ['a=b'] }] } },
    ],
    [
      'policy.inhibitions[0].sourceMatchers',
      { route: root, inhibitions: [{ sourceMatchers: [], targetMatchers: ['a="b"'] }] },
    ],
    [
      'policy.inhibitions[0].equal',
      {
        route: root,
        inhibitions: [{ sourceMatchers: ['a="b"'], targetMatchers: ['c="d"'], equal: ['ü'] }],
      },
    ],
    [
      'policy.escalation.high[0].waitMs',
      { route: root, escalation: { high: [{ receiver: 'x', waitMs: -1 }] } },
    ],
    ['policy.calendar.timeZone', { route: root, calendar: { timeZone: 'Nowhere' } }],
  ])('for %s', (option, policy) => {
    expect(() => routeAlert(policy, alert())).toThrow(`\`${option}\``)
  })

  const inhibition = { sourceMatchers: ['a="b"'], targetMatchers: ['c="d"'] }
  test.each<[string, unknown]>([
    ['policy', undefined],
    ['policy', 'team'],
    ['policy.rout', { rout: root }],
    ['policy.route', {}],
    ['policy.route.grupBy', { route: { ...root, grupBy: ['alertname'] } }],
    ['policy.route.groupBy', { route: { ...root, groupBy: 'alertname' } }],
    ['policy.route.routes', { route: { ...root, routes: {} } }],
    ['policy.route.routes[0]', { route: { ...root, routes: [null] } }],
    ['policy.route.routes[0].reciever', { route: { ...root, routes: [{ reciever: 'x' }] } }],
    ['policy.route.routes[0].matchers', { route: { ...root, routes: [{ matchers: 'a="b"' }] } }],
    ['policy.route.routes[0].matchers[0]', { route: { ...root, routes: [{ matchers: [null] }] } }],
    ['policy.inhibitions', { route: root, inhibitions: inhibition }],
    ['policy.inhibitions[0].source', { route: root, inhibitions: [{ ...inhibition, source: [] }] }],
    [
      'policy.inhibitions[0].sourceMatchers',
      { route: root, inhibitions: [{ targetMatchers: ['c="d"'] }] },
    ],
    ['policy.inhibitions[0].equal', { route: root, inhibitions: [{ ...inhibition, equal: 'a' }] }],
    ['policy.escalation.citical', { route: root, escalation: { citical: [] } }],
    ['policy.escalation.critical', { route: root, escalation: { critical: 'lead' } }],
    ['policy.escalation.critical[0]', { route: root, escalation: { critical: ['lead'] } }],
    [
      'policy.escalation.critical[0].wait',
      { route: root, escalation: { critical: [{ receiver: 'lead', wait: 1 }] } },
    ],
    ['policy.calendar.timezone', { route: root, calendar: { timezone: 'UTC' } }],
    ['policy.muteTimeIntervals.w', { route: root, muteTimeIntervals: { w: 'weekend' } }],
    [
      'policy.muteTimeIntervals.w[0].days',
      { route: root, muteTimeIntervals: { w: [{ days: [] }] } },
    ],
    [
      'policy.muteTimeIntervals.w[0].weekdays',
      { route: root, muteTimeIntervals: { w: [{ weekdays: 'monday' }] } },
    ],
  ])('without types, for %s', (option, policy) => {
    expect(codeOf(() => routeAlert(policy as AlertPolicy, alert()))).toEqual({
      code: 'INVALID_OPTION',
      option,
    })
  })

  test.each<[string, unknown]>([
    ['options.criticl', { criticl: 'page' }],
    ['components', { components: 'api' }],
    ['escalation.citical', { escalation: { citical: ['lead'] } }],
    ['escalation.critical', { escalation: { critical: 'lead' } }],
  ])('by defaultAlertPolicy for %s', (option, options) => {
    expect(codeOf(() => defaultAlertPolicy(options as DefaultAlertPolicyOptions))).toEqual({
      code: 'INVALID_OPTION',
      option,
    })
  })

  test('with an example of what it must be', () => {
    const muteTimeIntervals = { w: [{ weekdays: ['funday'] }] }
    expect(() => routeAlert({ route: root, muteTimeIntervals }, alert())).toThrow('`monday:friday`')
    expect(() => routeAlert(withRoute({ matchers: ['a=~"("'] }), alert())).toThrow(
      'a pattern that can be read',
    )
  })

  test('for more levels than a stack is good for', () => {
    let route: AlertRoute = { matchers: ['a="b"'] }
    for (let level = 0; level < 30; level += 1) route = { routes: [route], matchers: ['a="b"'] }
    expect(() => routeAlert(withRoute(route), alert())).toThrow('levels deep')
  })
})

/** What an invalid option says of itself, to a program. */
function codeOf(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) return error
    return { code: error.code, option: error.context.option }
  }
}
