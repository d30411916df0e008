import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  type Alertmanager,
  describeAlertmanager,
  type HttpReceiver,
  startAlertmanager,
  startHttpReceiver,
} from '@assay/test-servers'
import { expect, it } from 'vitest'

import { createAlertManager } from '../alert-manager/create-alert-manager.ts'
import type {
  AlertInhibition,
  AlertPolicy,
  AlertRoute,
} from '../alert-manager/policy/alert-policy.ts'
import type { AlertTimeInterval } from '../alert-manager/policy/time-interval.ts'
import type { Alert } from '../alerts/alert.ts'
import type { Severity } from '../alerts/severity.ts'
import { systemClock } from '../runtime/clock.ts'
import { createRecordingChannel } from '../testing/recording-channel.ts'
import { createSeededRandom } from '../testing/seeded-random.ts'
import { createTestClock } from '../testing/test-clock.ts'
import { toAlertmanagerConfig } from './to-alertmanager-config.ts'

/** Each takes two seconds, because no group of Alertmanager waits for less than one. */
const isWhole = process.env['ASSAY_REQUIRE_SERVERS'] === '1'
const POLICY_COUNT = isWhole ? 10 : 2
const GROUP_WAIT_MS = 1_000
/** Told when all others were: its group waits for longer. */
const LAST: Alert = {
  name: 'Last',
  severity: 'low',
  labels: {},
  summary: 'Last.',
  source: 'test',
  startsAt: 0,
}

/**
 * What amtool cannot be asked for: a policy as a whole, told to Alertmanager itself. Both are given the
 * same alerts, and must tell the same receivers of the same groups, with the same alerts in them.
 */
describeAlertmanager('A policy in this process and in Alertmanager', (alertmanager) => {
  it(`groups and inhibits alike, of ${POLICY_COUNT} random policies`, async () => {
    let inhibitedCount = 0
    let groupCount = 0
    for (let seed = 0; seed < POLICY_COUNT; seed += 1) {
      const draw = createDraw(seed)
      const policy = drawPolicy(draw)
      const alerts = Array.from({ length: 30 }, (_, id) => drawAlert(draw, String(id)))
      const at = systemClock.now()
      const ours = await tellOurs(policy, alerts, at)
      expect(await tellTheirs(alertmanager, policy, alerts), `seed ${seed}`).toEqual(ours)

      const { inhibitions: _, ...open } = policy
      const all = await tellOurs(open, alerts, at)
      inhibitedCount += alertCount(all) - alertCount(ours)
      groupCount += ours.length
    }
    // The comparison is worth something where much is inhibited, and much is told.
    expect(inhibitedCount).toBeGreaterThan(POLICY_COUNT * 10)
    expect(groupCount).toBeGreaterThan(POLICY_COUNT * 10)
  }, 120_000)

  it('mutes alike at this moment, by random intervals in several time zones', async () => {
    const draw = createDraw(0)
    const intervals = Array.from({ length: 120 }, () => [drawInterval(draw)])
    const policy: AlertPolicy = {
      muteTimeIntervals: Object.fromEntries(intervals.map((each, index) => [`t${index}`, each])),
      route: {
        ...ROOT,
        routes: [
          LAST_ROUTE,
          ...intervals.map((_, index) => ({
            receiver: `r${index}`,
            continue: true,
            muteTimeIntervals: [`t${index}`],
          })),
        ],
      },
    }
    const alerts = [drawAlert(draw, '0')]
    const before = await tellOurs(policy, alerts, systemClock.now())
    const theirs = await tellTheirs(alertmanager, policy, alerts)
    const after = await tellOurs(policy, alerts, systemClock.now())
    // An interval may end in these seconds.
    expect([before, after]).toContainEqual(theirs)
    expect(theirs.length).toBeGreaterThan(20)
    expect(theirs.length).toBeLessThan(100)
  }, 60_000)

  it('reads the times of a policy as they are meant', async () => {
    const times = [0, 1, 999, 1_000, 90_061_001, 86_400_000, 604_800_000, 31_536_000_000, 1e300]
    const route: AlertRoute = {
      ...ROOT,
      routes: times.map((groupWaitMs, index) => ({
        matchers: [`a="${index}"`],
        groupWaitMs,
        groupIntervalMs: times[index + 1] ?? 2,
        repeatMs: times[index + 2] ?? 3,
      })),
    }
    await withAlertmanager(alertmanager, { route }, async ({ url }) => {
      const status = await fetch(`${url}/api/v2/status`)
      const { config } = (await status.json()) as { config: { original: string } }
      const ascending = (...list: readonly number[]): readonly number[] =>
        list.toSorted((a, b) => a - b)
      const read = ['group_wait', 'group_interval', 'repeat_interval'].map((option) => {
        const found = config.original.matchAll(new RegExp(` ${option}: (\\w+)`, 'g'))
        return ascending(...Array.from(found, ([, text]) => millisecondsOf(text!)))
      })
      const century = 36_500 * 86_400_000
      const meant = times.map((ms) => Math.min(ms, century))
      expect(read).toEqual([
        // A child that has the time of its parent does not repeat it.
        ascending(...meant),
        ascending(ROOT.groupIntervalMs, ...meant.slice(1), 2),
        ascending(ROOT.repeatMs, ...meant.slice(2), 3, 3),
      ])
    })
  }, 60_000)
})

const ROOT = {
  receiver: 'root',
  groupBy: ['alertname'],
  groupWaitMs: GROUP_WAIT_MS,
  groupIntervalMs: 3_600_000,
  repeatMs: 14_400_000,
}

const LAST_ROUTE: AlertRoute = {
  receiver: 'last',
  matchers: ['alertname="Last"'],
  groupWaitMs: 2 * GROUP_WAIT_MS,
}

/** Whom our manager tells of which groups. */
async function tellOurs(
  policy: AlertPolicy,
  alerts: readonly Alert[],
  at: number,
): Promise<readonly string[]> {
  const clock = createTestClock({ now: at })
  const told: string[] = []
  const channels = Object.fromEntries(
    receiversOf(policy.route).map((receiver) => {
      const onDeliver: Parameters<typeof createRecordingChannel>[0] = {
        onDeliver: ({ groupLabels, alerts: members }) =>
          void told.push(describeGroup(receiver, groupLabels, members)),
      }
      return [receiver, createRecordingChannel(onDeliver)]
    }),
  )
  const manager = createAlertManager({ policy, channels, clock })
  await Promise.all([...alerts, LAST].map((alert) => manager.fire(alert)))
  for (let rounds = 0; rounds < 3; rounds += 1) {
    await manager.tick()
    await clock.advance(GROUP_WAIT_MS)
  }
  await manager.tick()
  await manager.close()
  return told.toSorted()
}

/** Whom Alertmanager tells of which groups, until the last is told. */
async function tellTheirs(
  alertmanager: Alertmanager,
  policy: AlertPolicy,
  alerts: readonly Alert[],
): Promise<readonly string[]> {
  return withAlertmanager(alertmanager, policy, async ({ url, hooks }) => {
    const body = [...alerts, LAST].map(({ name, severity, labels }) => ({
      labels: { ...labels, alertname: name, severity },
    }))
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    const { status } = await fetch(`${url}/api/v2/alerts`, init)
    expect(status).toBe(200)
    for (let count = 1; !hooks.requests.some(({ path }) => path === '/last'); count += 1) {
      await hooks.received(count)
    }
    const told = hooks.requests.map(({ path, body: text }) => {
      const { groupLabels, alerts: members } = JSON.parse(text) as {
        groupLabels: Alert['labels']
        alerts: readonly Pick<Alert, 'labels'>[]
      }
      return describeGroup(path.slice(1), groupLabels, members)
    })
    return told.toSorted()
  })
}

interface Served {
  readonly url: string
  /** What the receivers were told, by their names as paths. */
  readonly hooks: HttpReceiver
}

async function withAlertmanager<Result>(
  alertmanager: Alertmanager,
  policy: AlertPolicy,
  use: (served: Served) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-alertmanager-'))
  const hooks = await startHttpReceiver()
  const receivers = Object.fromEntries(
    receiversOf(policy.route).map((name) => {
      return [name, { kind: 'webhook', url: `${hooks.url}/${name}` } as const]
    }),
  )
  const configFile = join(folder, 'alertmanager.yml')
  await writeFile(configFile, toAlertmanagerConfig(policy, { receivers }))
  const server = await startAlertmanager(alertmanager, { configFile, folder })
  try {
    return await use({ url: server.url, hooks })
  } finally {
    await server.close()
    await hooks.close()
    await rm(folder, { recursive: true })
  }
}

function receiversOf({ receiver, routes = [] }: AlertRoute): string[] {
  return [...(receiver === undefined ? [] : [receiver]), ...routes.flatMap(receiversOf)]
}

function describeGroup(
  receiver: string,
  groupLabels: Alert['labels'],
  alerts: readonly Pick<Alert, 'labels'>[],
): string {
  const group = Object.entries(groupLabels)
    .filter(([, value]) => value !== '')
    .map(([label, value]) => `${label}=${value}`)
  const ids = alerts.map(({ labels }) => labels['id'] ?? 'last')
  return `${receiver} {${group.toSorted().join()}}: ${ids.toSorted().join()}`
}

function alertCount(groups: readonly string[]): number {
  return groups.join(',').split(',').length
}

/** `1d1h1m1s1ms`, with years of 365 days. */
function millisecondsOf(text: string): number {
  const units: Record<string, number> = {
    y: 31_536_000_000,
    w: 604_800_000,
    d: 86_400_000,
    h: 3_600_000,
    m: 60_000,
    s: 1_000,
    ms: 1,
  }
  const parts = Array.from(text.matchAll(/(\d+)(ms|[ywdhms])/g))
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit!]!, 0)
}

function drawPolicy(draw: Draw): AlertPolicy {
  let count = 0
  const drawRoutes = (depth: number, length: number): AlertRoute[] =>
    Array.from({ length }, () => {
      count += 1
      return {
        receiver: `r${count}`,
        matchers: [drawMatcher(draw)],
        continue: draw.chance(0.8),
        groupBy: draw.oneOf([undefined, [], ['a'], ['alertname', 'b'], ['a', 'b', 'missing']]),
        routes: depth === 2 ? [] : drawRoutes(depth + 1, draw.oneOf([0, 1, 2])),
      }
    })
  const drawMatchers = (): string[] =>
    Array.from({ length: draw.oneOf([1, 2]) }, () => drawMatcher(draw))
  const inhibitions = Array.from({ length: 2 }, (): AlertInhibition => {
    const equal = draw.oneOf([undefined, [], ['a'], ['a', 'b'], ['missing'], ['alertname']])
    return { sourceMatchers: drawMatchers(), targetMatchers: drawMatchers(), equal }
  })
  return { route: { ...ROOT, routes: [LAST_ROUTE, ...drawRoutes(0, 8)] }, inhibitions }
}

/** None of them matches the last. */
function drawMatcher(draw: Draw): string {
  return draw.oneOf([
    'a="x"',
    'a=~"x|y"',
    'b="x"',
    'b=~".+"',
    'severity=~"critical|high"',
    'severity="medium"',
    'alertname="A"',
    'alertname=~"[AB]"',
  ])
}

const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low']

function drawAlert(draw: Draw, id: string): Alert {
  const labels: Record<string, string> = { id }
  for (const label of ['a', 'b']) {
    if (draw.chance(0.7)) labels[label] = draw.oneOf(['x', 'y', 'z'])
  }
  const severity = draw.oneOf(SEVERITIES)
  const name = draw.oneOf(['A', 'B', 'C'])
  return { name, severity, labels, summary: 'Drawn.', source: 'test', startsAt: 0 }
}

function drawInterval(draw: Draw): AlertTimeInterval {
  const some = <Part>(list: readonly Part[]): readonly Part[] | undefined =>
    draw.chance(0.5) ? undefined : [draw.oneOf(list), draw.oneOf(list)]
  return {
    times: some([
      { start: '00:00', end: '12:00' },
      { start: '12:00', end: '24:00' },
      { start: '06:30', end: '18:30' },
    ]),
    weekdays: some(['monday:wednesday', 'thursday', 'friday:saturday', 'sunday', 'Sunday:Tuesday']),
    daysOfMonth: some(['1:15', '16:31', '-10:-1', '-31:-11', '1:-8', '5:-1']),
    months: some(['january:june', '7:12', 'march:november', '1:2', 'december']),
    years: some(['2020:2050', '2020', '2000:2100']),
    location: draw.oneOf([undefined, 'Asia/Tokyo', 'America/New_York', 'Pacific/Kiritimati']),
  }
}

type Draw = ReturnType<typeof createDraw>

function createDraw(seed: number) {
  const random = createSeededRandom(seed)
  return {
    chance: (probability: number): boolean => random() < probability,
    oneOf: <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!,
  }
}
