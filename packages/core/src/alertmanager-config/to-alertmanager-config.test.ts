import { describe, expect, it } from 'vitest'

import type { AlertPolicy } from '../alert-manager/policy/alert-policy.ts'
import { defaultAlertPolicy } from '../alert-manager/policy/default-alert-policy.ts'
import type { AlertmanagerReceiver } from './alertmanager-receiver.ts'
import { toAlertmanagerConfig } from './to-alertmanager-config.ts'

const slack: AlertmanagerReceiver = { kind: 'slack', webhookUrlFile: '/run/secrets/slack' }

const PATTERNS_READ_OTHERWISE = [
  String.raw`\p{Script=Greek}`,
  '(?<name>a)',
  String.raw`\u{61}`,
  String.raw`\s`,
  '[]',
  '[^]',
  'a{1001}',
  '(a{500}){500}',
]

const withRoute = (route: AlertPolicy['route']): string =>
  toAlertmanagerConfig({ route }, { receivers: { slack } })

describe('toAlertmanagerConfig', () => {
  it('writes routes, and repeats nothing that a child has from its parent', () => {
    const config = withRoute({
      receiver: 'slack',
      groupBy: ['alertname'],
      routes: [
        {
          matchers: ['severity=critical', { label: 'team', op: '!~', value: '"x"|y' }],
          continue: true,
          groupWaitMs: 0,
          repeatMs: 3_600_000,
        },
      ],
    })
    expect(config).toBe(`route:
  receiver: 'slack'
  group_by:
    - 'alertname'
  group_wait: '30s'
  group_interval: '5m'
  repeat_interval: '4h'
  routes:
    - receiver: 'slack'
      matchers:
        - 'severity="critical"'
        - 'team!~"\\"x\\"|y"'
      continue: true
      group_wait: '0s'
      repeat_interval: '1h'
receivers:
  - name: 'slack'
    slack_configs:
      - api_url_file: '/run/secrets/slack'
        send_resolved: true
`)
  })

  it('writes a receiver twice whose routes differ in whether the end is told', () => {
    const config = withRoute({ receiver: 'slack', routes: [{ sendResolved: false, matchers: [] }] })
    expect(config).toContain("    - receiver: 'slack (firing only)'")
    expect(config.match(/- name: .*|send_resolved: .*/g)).toEqual([
      "- name: 'slack'",
      'send_resolved: true',
      "- name: 'slack (firing only)'",
      'send_resolved: false',
    ])
  })

  it('groups all in one where an empty list would be taken for the list of the parent', () => {
    const child = { matchers: ['a=b'], groupBy: [] }
    const config = withRoute({ receiver: 'slack', groupBy: ['alertname'], routes: [child] })
    expect(config).toContain("      group_by:\n        - 'assay_all_in_one_group'")
  })

  it('writes a time that Alertmanager could not count as 100 years', () => {
    const config = withRoute({ receiver: 'slack', repeatMs: 1e300, groupWaitMs: 0.5 })
    expect(config).toContain("repeat_interval: '36500d'")
    expect(config).toContain("group_wait: '1ms'")
  })

  it.each<[string, AlertPolicy]>([
    ['a matcher', { route: { receiver: 'slack', routes: [{ matchers: ['source=rules'] }] } }],
    ['a group', { route: { receiver: 'slack', groupBy: ['source'] } }],
    [
      'an inhibition',
      {
        route: { receiver: 'slack' },
        inhibitions: [{ sourceMatchers: ['a=b'], targetMatchers: ['c=d'], equal: ['source'] }],
      },
    ],
  ])('refuses %s that asks for the source', (_, policy) => {
    expect(() => toAlertmanagerConfig(policy, { receivers: { slack } })).toThrow(/`source`/)
  })

  it.each(PATTERNS_READ_OTHERWISE)(
    'refuses the pattern %s, which Alertmanager reads otherwise or not at all',
    (value) => {
      const route = { receiver: 'slack', routes: [{ matchers: [{ label: 'a', op: '=~', value }] }] }
      expect(() => withRoute(route as AlertPolicy['route'])).toThrow(
        /`policy.route.routes\[0\].matchers\[0\]` must be a pattern/,
      )
    },
  )

  it('refuses a policy whose receivers cannot all be reached', () => {
    expect(() => toAlertmanagerConfig(defaultAlertPolicy(), { receivers: { slack } })).toThrow(
      /`receivers.pagerduty` must be given/,
    )
    const inherited = { route: { receiver: 'constructor' } }
    expect(() => toAlertmanagerConfig(inherited, { receivers: {} })).toThrow(/must be given/)
  })

  it.each<[string, unknown]>([
    ['receivers', undefined],
    ['receivers', {}],
    ['receivers', { receivers: null }],
    ['receivers', { receivers: new Map([['slack', slack]]) }],
    ['receivers.slack', { receivers: { slack: undefined } }],
    ['receivers.slack', { receivers: { slack: '/run/secrets/slack' } }],
  ])('refuses a wrong `%s` (%#)', (option, options) => {
    const policy = { route: { receiver: 'slack' } }
    expect(() => toAlertmanagerConfig(policy, options as never)).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        context: { factory: 'toAlertmanagerConfig', option },
      }),
    )
  })

  it.each<[string, AlertmanagerReceiver]>([
    ['webhookUrlFile', { kind: 'slack', webhookUrlFile: 'https://hooks.slack.com/s3cret' }],
    ['webhookUrlFile', { kind: 'slack', webhookUrlFile: '' }],
    ['routingKeyFile', { kind: 'pagerduty', routingKeyFile: undefined as never }],
    ['url', { kind: 'webhook', url: 'https://user:s3cret@example.com' }],
    ['url', { kind: 'webhook', url: 'ftp://s3cret' }],
    ['to', { kind: 'email', to: undefined as never, from: 'a@b.c', smarthost: 's3cret:25' }],
    ['from', { kind: 'email', to: 'a@b.c', from: '', smarthost: 's3cret:25' }],
    ['smarthost', { kind: 'email', to: 'a@b.c', from: 'a@b.c', smarthost: 's3cret' }],
    ['kind', { kind: 's3cret' as never, webhookUrlFile: '/run/x' }],
  ])('refuses a receiver with a wrong %s, and does not repeat it', (option, receiver) => {
    const refused = (): string =>
      toAlertmanagerConfig({ route: { receiver: 'slack' } }, { receivers: { slack: receiver } })
    expect(refused).toThrow(new RegExp(`\`receivers.slack.${option}\``))
    expect(refused).not.toThrow(/s3cret/)
  })
})
