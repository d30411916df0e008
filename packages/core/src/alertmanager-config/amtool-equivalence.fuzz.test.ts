import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Amtool, describeAmtool } from '@assay/test-servers'
import { afterAll, beforeAll, expect, it } from 'vitest'

import type { LabelledAlert } from '../alert-manager/policy/alert-label.ts'
import { type AlertMatcher, formatAlertMatcher } from '../alert-manager/policy/alert-matcher.ts'
import type { AlertPolicy, AlertRoute } from '../alert-manager/policy/alert-policy.ts'
import { defaultAlertPolicy } from '../alert-manager/policy/default-alert-policy.ts'
import { routeAlert } from '../alert-manager/policy/route-alert.ts'
import type { Severity } from '../alerts/severity.ts'
import { createSeededRandom } from '../testing/seeded-random.ts'
import type { AlertmanagerReceiver } from './alertmanager-receiver.ts'
import { toAlertmanagerConfig } from './to-alertmanager-config.ts'

/** amtool takes 20 ms to route one alert, so that elsewhere than in CI it is a slice. */
const isWhole = process.env['ASSAY_REQUIRE_SERVERS'] === '1'
const POLICY_COUNT = isWhole ? 100 : 10
const ALERTS_PER_POLICY = 4
const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low']

describeAmtool('A configuration for Alertmanager', (amtool) => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assay-amtool-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  const write = async (name: string, text: string): Promise<string> => {
    const path = join(folder, `${name}.yml`)
    await writeFile(path, text)
    return path
  }

  it('is accepted with receivers, mute times and inhibitions of every kind', async () => {
    const path = await write('full', toAlertmanagerConfig(fullPolicy, { receivers }))
    const { exitCode, output } = await amtool.run('check-config', path)
    expect(output).toMatch(/SUCCESS[^]* 1 inhibit rules\n - 5 receivers/)
    expect(exitCode).toBe(0)
  })

  it('routes every severity of every component as the alert manager does', async () => {
    const path = await write('table', toAlertmanagerConfig(fullPolicy, { receivers }))
    const alerts = SEVERITIES.flatMap((severity) =>
      ['oracle', 'contract', 'api', 'quiet', ''].map((component) => {
        return { name: 'X', labels: { component }, severity, source: 'test' }
      }),
    )
    const { ours, theirs } = await routedBoth(amtool, path, fullPolicy, alerts)
    expect(theirs).toEqual(ours)
  })

  it(`routes alike by ${POLICY_COUNT} random policies`, async () => {
    const paths: string[] = []
    const receiverCounts = new Set<number>()
    for (let seed = 0; seed < POLICY_COUNT; seed += 1) {
      const draw = createDraw(seed)
      const policy = drawPolicy(draw)
      const names = Object.fromEntries(receiversOf(policy.route).map((name) => [name, SLACK]))
      const path = await write(`${seed}`, toAlertmanagerConfig(policy, { receivers: names }))
      paths.push(path)
      const alerts = Array.from({ length: ALERTS_PER_POLICY }, () => drawAlert(draw))
      for (const alert of alerts) receiverCounts.add(routeAlert(policy, alert).length)
      const { ours, theirs } = await routedBoth(amtool, path, policy, alerts)
      expect(theirs).toEqual(ours)
    }
    const { exitCode, output } = await amtool.run('check-config', ...paths)
    expect(output.match(/SUCCESS/g)).toHaveLength(POLICY_COUNT)
    expect(exitCode).toBe(0)
    // The comparison is worth something where alerts take many ways, and few.
    expect(Math.min(...receiverCounts)).toBeLessThan(4)
    expect(Math.max(...receiverCounts)).toBeGreaterThan(8)
  }, 120_000)
})

/** Where a policy sends alerts, and where amtool says that its configuration does. */
async function routedBoth(
  amtool: Amtool,
  path: string,
  policy: AlertPolicy,
  alerts: readonly LabelledAlert[],
): Promise<{ readonly ours: readonly string[]; readonly theirs: readonly string[] }> {
  const ours = alerts.map((alert) => {
    const receivers = routeAlert(policy, alert).map(({ receiver, sendResolved }) =>
      sendResolved ? receiver : `${receiver} (firing only)`,
    )
    return `${path} ${JSON.stringify(alert)}: ${receivers.join(',')}`
  })
  const theirs = await Promise.all(
    alerts.map(async (alert) => {
      return `${path} ${JSON.stringify(alert)}: ${await receiversByAmtool(amtool, path, alert)}`
    }),
  )
  return { ours, theirs }
}

async function receiversByAmtool(
  amtool: Amtool,
  path: string,
  { name, severity, labels }: LabelledAlert,
): Promise<string> {
  const args = Object.entries({ ...labels, alertname: name, severity }).map(([label, value]) =>
    formatAlertMatcher({ label, op: '=', value }),
  )
  const { stdout } = await amtool.run('config', 'routes', 'test', `--config.file=${path}`, ...args)
  return stdout.trim()
}

const SLACK: AlertmanagerReceiver = { kind: 'slack', webhookUrlFile: '/run/secrets/slack' }

const receivers = {
  slack: SLACK,
  pagerduty: { kind: 'pagerduty', routingKeyFile: '/run/secrets/pagerduty' },
  'oracle-operations': { ...SLACK, channel: '#oracle' },
  'contract-monitoring': {
    kind: 'email',
    to: 'contracts@example.com',
    from: 'alerts@example.com',
    smarthost: 'mail.example.com:587',
    username: 'alerts',
    passwordFile: '/run/secrets/mail',
  },
  'api-monitoring': {
    kind: 'webhook',
    url: 'http://hooks.internal/api',
    credentialsFile: '/run/secrets/hooks',
  },
} as const satisfies Record<string, AlertmanagerReceiver>

const muteTimeIntervals: AlertPolicy['muteTimeIntervals'] = {
  'outside of "office" hours': [
    {
      times: [
        { start: '00:00', end: '09:00' },
        { start: '17:30', end: '24:00' },
      ],
      weekdays: ['monday:friday'],
      location: 'Europe/Warsaw',
    },
    { weekdays: ['saturday', 'sunday'] },
  ],
  close: [{ daysOfMonth: ['-3:-1', '1'], months: ['december', '6:8'], years: ['2026:2028'] }],
  'never: ': [],
}

const defaultPolicy = defaultAlertPolicy({
  inhibitions: [
    {
      sourceMatchers: ['alertname=OracleServiceDown'],
      targetMatchers: ['component="oracle"', 'severity=~"medium|low"'],
      equal: ['instance'],
    },
  ],
})

/** It has something of everything. */
const fullPolicy: AlertPolicy = {
  ...defaultPolicy,
  muteTimeIntervals,
  route: {
    ...defaultPolicy.route,
    routes: [
      {
        matchers: ['component=quiet'],
        groupBy: [],
        repeatMs: 1e300,
        muteTimeIntervals: Object.keys(muteTimeIntervals),
      },
      ...(defaultPolicy.route.routes ?? []),
    ],
  },
}

/** Most branches go on, so that one alert asks as many questions as there are branches. */
function drawPolicy(draw: Draw): AlertPolicy {
  let count = 0
  const drawRoutes = (depth: number, length: number): AlertRoute[] =>
    Array.from({ length }, () => {
      count += 1
      return {
        receiver: `r${count}`,
        matchers: Array.from({ length: draw.oneOf([0, 1, 1, 1, 2]) }, () => drawMatcher(draw)),
        continue: draw.chance(depth === 0 ? 0.95 : 0.5),
        sendResolved: draw.oneOf([undefined, undefined, true, false]),
        groupBy: draw.oneOf([undefined, [], ['a'], ['alertname', 'b']]),
        repeatMs: draw.oneOf([undefined, 1, 90_061_001]),
        routes: depth === 2 ? [] : drawRoutes(depth + 1, draw.oneOf([0, 1, 2, 3])),
      }
    })
  return { route: { receiver: 'root', groupBy: ['a'], routes: drawRoutes(0, 16) } }
}

function receiversOf({ receiver, routes = [] }: AlertRoute): string[] {
  return [...(receiver === undefined ? [] : [receiver]), ...routes.flatMap(receiversOf)]
}

function drawMatcher(draw: Draw): AlertMatcher {
  const label = draw.oneOf(['a', 'a', 'b', 'severity', 'alertname'])
  const op = draw.oneOf(['=', '!=', '=~', '!~'] as const)
  const texts = label === 'severity' ? SEVERITIES : VALUES
  const patterns = label === 'severity' ? ['critical|high', '.*i.*', ''] : PATTERNS
  return { label, op, value: draw.oneOf(op === '=' || op === '!=' ? texts : patterns) }
}

function drawAlert(draw: Draw): LabelledAlert {
  const labels: Record<string, string> = {}
  for (const label of ['a', 'b', 'other']) {
    if (draw.chance(0.8)) labels[label] = draw.oneOf(VALUES)
  }
  const name = draw.oneOf(VALUES.filter((value) => value !== ''))
  return { name, labels, severity: draw.oneOf(SEVERITIES), source: 'test' }
}

const VALUES = [
  '',
  'x',
  'y',
  'xy',
  '12',
  'a,b',
  'say "x"',
  String.raw`C:\new`,
  '{x}',
  'two\nlines',
  'two\u2028lines',
  'two\rlines',
  "it's: #1",
  ' x ',
  '=~"',
  'żółw 🐢',
]

const PATTERNS = [
  '',
  'x|y',
  '|x',
  '.*',
  '.+',
  'x.*',
  '(?:x|y)+',
  '[^x]+',
  String.raw`\d+`,
  String.raw`\{x\}|C:[\\]new`,
  String.raw`\w*,.`,
  'say "."',
  'two\nlines',
  'two.lines',
  String.raw`two[\n\r]lines`,
  '.* .',
  '[ż-ż].{3}.🐢',
]

type Draw = ReturnType<typeof createDraw>

function createDraw(seed: number) {
  const random = createSeededRandom(seed)
  return {
    chance: (probability: number): boolean => random() < probability,
    oneOf: <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!,
  }
}
