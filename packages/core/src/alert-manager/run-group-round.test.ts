import { describe, expect, test } from 'vitest'

import type { AlertNotification } from '../alerts/alert-notification.ts'
import { type Alert, fingerprintOfAlert } from '../alerts/alert.ts'
import type { HttpResponse } from '../channels/alert-channel-options.ts'
import {
  AlertDeliveryFailedError,
  AlertDeliveryRefusedError,
} from '../channels/alert-delivery-error.ts'
import type { AlertmanagerAlert } from '../channels/alertmanager-alert.ts'
import { alertmanagerChannel } from '../channels/alertmanager-channel.ts'
import { slackChannel } from '../channels/slack-channel.ts'
import { faulty, type FaultPlan } from '../testing/faulty.ts'
import { createRecordingChannel } from '../testing/recording-channel.ts'
import { createSeededRandom } from '../testing/seeded-random.ts'
import { createTestClock } from '../testing/test-clock.ts'
import type { AlertManager } from './alert-manager.ts'
import { createAlertManager } from './create-alert-manager.ts'
import { createMemoryAlertManagerStore } from './memory-alert-manager-store.ts'
import type { AlertManagerOptions } from './parse-alert-manager-options.ts'
import type { AlertPolicy } from './policy/alert-policy.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

/** A group interval of a minute, and a first notification at once. */
const brisk: AlertPolicy = {
  route: { receiver: 'team', groupWaitMs: 0, groupIntervalMs: MINUTE },
}

function alert(id: string, given: Partial<Alert> = {}): Alert {
  return {
    name: id,
    severity: 'high',
    labels: {},
    summary: `${id} has not settled.`,
    startsAt: 0,
    source: 'settlement',
    ...given,
  }
}

/** Processes that share a store, a clock and the channels `team`, `page` and `lead`. */
function createWorld(faults: Readonly<Record<string, FaultPlan>> = {}) {
  const clock = createTestClock()
  const store = createMemoryAlertManagerStore()
  const told: string[] = []
  const notifications: AlertNotification[] = []
  const channels = Object.fromEntries(
    ['team', 'page', 'lead'].map((receiver) => {
      const channel = createRecordingChannel({
        onDeliver(notification) {
          notifications.push(notification)
          told.push(`${clock.now() / SECOND} ${describeNotification(notification)}`)
        },
      })
      return [receiver, faulty(channel, faults[receiver] ?? (() => undefined))]
    }),
  )
  const started: AlertManager[] = []
  return {
    clock,
    store,
    channels,
    notifications,
    /** What was told since it was asked last: `30 team firing: a b (c)`. */
    told: () => told.splice(0),
    start(policy: AlertPolicy, options: Partial<AlertManagerOptions> = {}): AlertManager {
      const settings = { policy, channels, store, clock, random: () => 0, ...options }
      const manager = createAlertManager(settings)
      started.push(manager)
      return manager
    },
    /** Lets time pass, while each process looks every ten seconds for what is due. */
    async pass(ms: number, processes: readonly AlertManager[] = started): Promise<void> {
      for (let left = ms; left > 0; left -= 10 * SECOND) {
        await clock.advance(Math.min(left, 10 * SECOND))
        for (const each of processes) await each.tick()
      }
    },
  }
}

function describeNotification({ receiver, reason, alerts }: AlertNotification): string {
  const names = alerts.map(({ name, status }) => (status === 'firing' ? name : `(${name})`))
  return `${receiver} ${reason}: ${names.toSorted().join(' ')}`
}

describe('the end of an alert whose delivery failed', () => {
  const failures = {
    'the circuit was open': new AlertDeliveryFailedError('x', 'circuit-open'),
    'too many waited': new AlertDeliveryFailedError('x', 'too-many-waiting'),
    'a pause was asked for': new AlertDeliveryFailedError('x', 'rate-limited', { status: 429 }),
    'nobody listened': new AlertDeliveryFailedError('x', 'network', { vendorCode: 'ECONNREFUSED' }),
    'it was cut': new AlertDeliveryFailedError('x', 'network', { vendorCode: 'ECONNRESET' }),
    'a channel of the user threw': new Error('No.'),
  }

  test.each<[keyof typeof failures, string[]]>([
    ['the circuit was open', []],
    ['too many waited', []],
    ['a pause was asked for', []],
    ['nobody listened', []],
    ['it was cut', ['10 team resolved: (a)']],
    ['a channel of the user threw', ['10 team resolved: (a)']],
  ])('is told only where it may have arrived: %s', async (why, expected) => {
    const world = createWorld({
      team: ({ nth }) => (nth === 1 ? { kind: 'fail', error: failures[why] } : undefined),
    })
    const manager = world.start(brisk)
    await manager.fire(alert('a'))
    await manager.tick()
    await manager.resolve(alert('a'))
    await world.pass(5 * MINUTE)
    expect(world.told()).toEqual(expected)
    expect(await manager.alerts()).toEqual([])
  })

  test('is not told where a channel waited for leave to send until its time was over', async () => {
    const world = createWorld()
    const asked: number[] = []
    const team = slackChannel({
      webhookUrl: 'https://example.com/hook',
      clock: world.clock,
      random: () => 0,
      async fetch(): Promise<HttpResponse> {
        asked.push(world.clock.now())
        const headers = { 'retry-after': '120' }
        return asked.length > 1 ? new Response('ok') : new Response('', { status: 429, headers })
      },
    })
    const manager = world.start(brisk, { channels: { team } })
    await manager.fire(alert('a'))
    const tick = manager.tick()
    await world.clock.advance(31 * SECOND)
    await tick
    await manager.resolve(alert('a'))
    await world.pass(10 * MINUTE)
    expect(asked).toEqual([0])
    expect(await manager.alerts()).toEqual([])
  })
})

describe('a notification that is cut', () => {
  const many = Array.from({ length: 250 }, (_, n) =>
    alert('a', { labels: { n: `${n}` }, startsAt: n }),
  )

  async function endSome(ended: number, alertsMax?: number): Promise<AlertNotification> {
    const world = createWorld()
    const channels = { team: Object.assign(createRecordingChannel(), { alertsMax }) }
    const manager = world.start(brisk, { channels })
    await Promise.all(many.map((each) => manager.fire(each)))
    await manager.tick()
    await Promise.all(many.slice(0, ended).map((each) => manager.resolve(each)))
    await world.pass(MINUTE)
    const [, second, ...others] = channels.team.notifications
    expect(others).toEqual([])
    return second!
  }
  const count = ({ alerts }: AlertNotification, status: string): number =>
    alerts.filter((each) => each.status === status).length

  test.each([
    ['those that ended first', 10, 10, 90],
    ['those that fire too, where many have ended', 200, 50, 50],
    ['what there is', 230, 80, 20],
  ])('shows %s', async (_, ended, shownEnded, shownFiring) => {
    const notification = await endSome(ended)
    expect(notification.reason).toBe('resolved-members')
    expect(count(notification, 'resolved')).toBe(shownEnded)
    expect(count(notification, 'firing')).toBe(shownFiring)
    const statuses = notification.alerts.map(({ status }) => status)
    expect(statuses.lastIndexOf('firing')).toBeLessThan(statuses.indexOf('resolved'))
    expect(notification.omittedAlertCount).toBe(150)
  })

  test('tells an Alertmanager of every end', async () => {
    const ended = new Set<string | undefined>()
    const world = createWorld()
    const am = alertmanagerChannel({
      url: 'http://alertmanager:9093',
      clock: world.clock,
      async fetch(_url, { body }): Promise<HttpResponse> {
        for (const { labels, endsAt } of JSON.parse(body) as AlertmanagerAlert[]) {
          if (Date.parse(endsAt) <= world.clock.now()) ended.add(labels['n'])
        }
        return new Response(null, { status: 200 })
      },
    })
    const manager = world.start(brisk, { channels: { team: am } })
    await Promise.all(many.map((each) => manager.fire(each)))
    await manager.tick()
    await Promise.all(many.slice(0, 240).map((each) => manager.resolve(each)))
    await world.pass(MINUTE)
    expect(ended.size).toBe(240)
  })

  test('is not cut for a channel that asks for all', async () => {
    const notification = await endSome(10, Number.POSITIVE_INFINITY)
    expect(notification.alerts).toHaveLength(250)
    expect(count(notification, 'resolved')).toBe(10)
    expect(notification.omittedAlertCount).toBe(0)
  })
})

describe('an escalation', () => {
  const escalating: AlertPolicy = {
    route: { receiver: 'team', groupWaitMs: 30 * SECOND, groupIntervalMs: MINUTE },
    escalation: { high: [{ receiver: 'lead', waitMs: 5 * MINUTE }] },
  }

  test('that told everyone runs once, though an alert joined while it ran', async () => {
    const world = createWorld()
    const manager = world.start(escalating)
    await manager.fire(alert('a'))
    await world.pass(MINUTE)
    await manager.fire(alert('b'))
    await world.pass(30 * MINUTE)
    expect(world.told()).toEqual([
      '30 team firing: a',
      '90 team firing: a b',
      '330 lead escalation: a b',
    ])
  })

  test('begins anew when an alert joins after its last step', async () => {
    const world = createWorld()
    const manager = world.start(escalating)
    await manager.fire(alert('a'))
    await world.pass(400 * SECOND)
    world.told()
    await manager.fire(alert('b'))
    await world.pass(30 * MINUTE)
    expect(world.told()).toEqual(['450 team firing: a b', '750 lead escalation: a b'])
  })

  test('begins anew when an alert was muted until its last step, and nobody knew of it', async () => {
    const world = createWorld()
    const manager = world.start(escalating)
    await manager.silence({
      matchers: ['alertname="b"'],
      endsAt: 400 * SECOND,
      author: 'kim',
    })
    await manager.fire(alert('a'))
    await manager.fire(alert('b'))
    await world.pass(30 * MINUTE)
    expect(world.told()).toEqual([
      '30 team firing: a',
      '330 lead escalation: a',
      '450 team firing: a b',
      '750 lead escalation: a b',
    ])
  })

  test('that reached nobody is not run over and over', async () => {
    const refusal = new AlertDeliveryRefusedError('x', { status: 404 })
    const refuses: FaultPlan = () => ({ kind: 'fail', error: refusal })
    const world = createWorld({ team: refuses, lead: refuses })
    const manager = world.start(escalating)
    await manager.fire(alert('a'))
    await world.pass(60 * MINUTE)
    const steps = await manager.history({ receiver: 'lead' })
    expect(steps).toMatchObject([{ event: 'refused', escalationLevel: 1 }])
  })

  test('begins anew for an alert that joins just after the acknowledgement', async () => {
    const world = createWorld()
    const manager = world.start(escalating)
    await manager.fire(alert('a'))
    await world.pass(MINUTE)
    await manager.acknowledge(fingerprintOfAlert(alert('a')), { by: 'kim' })
    await manager.tick()
    await world.clock.advance(1)
    await manager.fire(alert('b'))
    await world.pass(30 * MINUTE)
    expect(world.told().at(-1)).toContain('lead escalation: a b')
  })

  test('is stopped by an acknowledgement though an alert joins before the next round', async () => {
    const world = createWorld()
    const patient = { ...escalating.route, groupIntervalMs: 5 * MINUTE }
    const manager = world.start({ ...escalating, route: patient })
    await manager.fire(alert('a'))
    await world.pass(MINUTE)
    await manager.acknowledge(fingerprintOfAlert(alert('a')), { by: 'kim' })
    await world.clock.advance(1)
    await manager.fire(alert('b'))
    await world.pass(30 * MINUTE)
    expect(world.told()).toEqual([
      '30 team firing: a',
      '330.001 team firing: a b',
      '630.001 lead escalation: a b',
    ])
  })

  test('begins anew for what ended and fired again after the acknowledgement', async () => {
    const world = createWorld()
    const manager = world.start(escalating)
    await manager.fire(alert('a'))
    await world.pass(MINUTE)
    await manager.acknowledge(fingerprintOfAlert(alert('a')), { by: 'kim' })
    await manager.tick()
    await world.clock.advance(1)
    await manager.resolve(alert('a'))
    await manager.fire(alert('a'))
    await world.pass(30 * MINUTE)
    expect(world.told()).toEqual(['30 team firing: a', '390.001 lead escalation: a'])
  })

  const isDown = { lead: true }
  // It may arrive all the same, so that the group does not end before its lead has been told so.
  const leadIsDown: FaultPlan = () =>
    isDown.lead
      ? { kind: 'fail', error: new AlertDeliveryFailedError('lead', 'network') }
      : undefined

  test('owes a step that failed until it is told', async () => {
    isDown.lead = true
    const world = createWorld({ lead: leadIsDown })
    const manager = world.start(escalating)
    await manager.fire(alert('a'))
    await world.pass(20 * MINUTE)
    isDown.lead = false
    await world.pass(2 * MINUTE)
    expect(world.told().filter((line) => line.includes('lead'))).toHaveLength(1)
  })

  test.each<[string, (manager: AlertManager) => Promise<unknown>]>([
    ['the alert ended', (manager) => manager.resolve(alert('a'))],
    [
      'somebody took it on',
      (manager) => manager.acknowledge(fingerprintOfAlert(alert('a')), { by: 'kim' }),
    ],
  ])('owes a step that failed no more once %s', async (_, end) => {
    isDown.lead = true
    const world = createWorld({ lead: leadIsDown })
    const manager = world.start(escalating)
    await manager.fire(alert('a'))
    await world.pass(400 * SECOND)
    await end(manager)
    await world.pass(20 * MINUTE)
    isDown.lead = false
    world.told()
    await manager.fire(alert('a'))
    await manager.fire(alert('b'))
    const firedAt = world.clock.now() / SECOND
    await world.pass(10 * MINUTE)
    const [first, second] = world.told()
    expect(first).toContain('team firing: a b')
    const [at] = second?.split(' lead escalation: a b') ?? []
    expect(Number(at) - firedAt).toBeGreaterThanOrEqual(5 * 60)
  })
})

describe('the history of ends', () => {
  const ends = async (manager: AlertManager) =>
    (await manager.history()).filter(({ event }) => event === 'resolved')

  test.each([
    ['where it is told', { sendResolved: true }],
    ['where the route does not tell it', { sendResolved: false }],
  ])('has it once, %s', async (_, given) => {
    const world = createWorld()
    const manager = world.start({ route: { ...brisk.route, ...given } })
    await manager.fire(alert('a'))
    await manager.fire(alert('b', { severity: 'critical' }))
    await world.pass(10 * SECOND)
    await manager.resolve(alert('a'))
    await manager.resolve(alert('b'), { at: 5 * SECOND })
    await world.pass(10 * MINUTE)
    expect(await ends(manager)).toEqual([
      {
        event: 'resolved',
        at: 10 * SECOND,
        severity: 'critical',
        message: 'b has not settled. (and 1 more)',
        reason: 'resolved',
        groupKey: expect.any(String),
        receiver: 'team',
        fingerprints: [fingerprintOfAlert(alert('b')), fingerprintOfAlert(alert('a'))],
        escalationLevel: 0,
        acknowledgedBy: null,
        errorCode: null,
      },
    ])
  })

  test.each<[string, Partial<AlertPolicy['route']>]>([
    ['before anyone was told', { groupWaitMs: MINUTE }],
    ['while it was muted', { groupWaitMs: 0 }],
  ])('has that of an alert which ended %s', async (_, given) => {
    const world = createWorld()
    const manager = world.start({ route: { ...brisk.route, ...given } })
    const request = { matchers: ['alertname="a"'], endsAt: 60 * MINUTE, author: 'kim' }
    if (given.groupWaitMs === 0) await manager.silence(request)
    await manager.fire(alert('a'))
    await world.pass(30 * SECOND)
    await manager.resolve(alert('a'))
    await world.pass(10 * MINUTE)
    expect(world.told()).toEqual([])
    expect(await ends(manager)).toMatchObject([
      { at: 30 * SECOND, fingerprints: [fingerprintOfAlert(alert('a'))] },
    ])
  })

  test('has that of an alert which ended while its group was out on loan', async () => {
    const world = createWorld()
    let manager: AlertManager | undefined
    const store = faulty(world.store, ({ method }) =>
      method === 'commit' ? { kind: 'delay', ms: SECOND, clock: world.clock } : undefined,
    )
    manager = world.start(brisk, { store })
    await manager.silence({ matchers: ['alertname="a"'], endsAt: 60 * MINUTE, author: 'kim' })
    await manager.fire(alert('a'))
    const tick = manager.tick()
    await world.clock.advance(500)
    await manager.resolve(alert('a'))
    await world.clock.advance(SECOND)
    await tick
    for (let minute = 0; minute < 5; minute += 1) {
      const next = manager.tick()
      await world.clock.advance(MINUTE)
      await next
    }
    expect(await ends(manager)).toHaveLength(1)
    expect(await manager.alerts()).toEqual([])
  })

  test('has every one of them, in lines of a thousand', async () => {
    const world = createWorld()
    const manager = world.start(brisk)
    const many = Array.from({ length: 2_500 }, (_, n) => alert('a', { labels: { n: `${n}` } }))
    await Promise.all(many.map((each) => manager.fire(each)))
    await manager.tick()
    await Promise.all(many.map((each) => manager.resolve(each)))
    await world.pass(2 * MINUTE)
    const lines = await ends(manager)
    expect(lines.map(({ fingerprints }) => fingerprints.length)).toEqual([500, 1_000, 1_000])
    expect(new Set(lines.flatMap(({ fingerprints }) => fingerprints)).size).toBe(2_500)
  })
})

describe('two versions of a policy on one store', () => {
  /** Two policies that group everything, under routes that the other one does not have. */
  const version = (matcher: string, given: Partial<AlertPolicy> = {}): AlertPolicy => ({
    route: {
      receiver: 'team',
      groupWaitMs: 30 * SECOND,
      groupIntervalMs: 5 * MINUTE,
      routes: [{ matchers: [matcher] }],
    },
    ...given,
  })

  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'tell a new alert once, and in time, in whichever order they look, seed %i',
    async (seed) => {
      const random = createSeededRandom(seed)
      const world = createWorld()
      const old = world.start(version('x=""'))
      await world.clock.advance(SECOND)
      const young = world.start(version('y=""'))
      await world.clock.advance(SECOND)
      await (random() < 0.5 ? old : young).fire(alert('a'))
      for (let second = 1; second <= 20 * 60; second += 1) {
        await world.clock.advance(SECOND)
        const order = random() < 0.5 ? [old, young] : [young, old]
        for (const each of order) await each.tick()
        // Both go on finding that it fires.
        if (second % 15 === 0) await order[0]?.fire(alert('a'))
      }
      expect(world.told()).toEqual(['32 team firing: a'])

      await old.resolve(alert('a'))
      await world.pass(10 * MINUTE)
      expect(world.told()).toEqual([expect.stringContaining('team resolved: (a)')])
    },
  )

  test('tell once more what fired before the younger one, as it would have it, and no more', async () => {
    const world = createWorld()
    const old = world.start(version('x=""'))
    await old.fire(alert('a'))
    await world.pass(MINUTE)
    expect(world.told()).toEqual(['30 team firing: a'])
    const paging: AlertPolicy = { route: { ...brisk.route, receiver: 'page' } }
    const young = world.start(paging)
    for (let quarter = 0; quarter < 80; quarter += 1) {
      await world.pass(15 * SECOND)
      await (quarter % 2 === 0 ? old : young).fire(alert('a'))
    }
    expect(world.told().map((line) => line.replace(/^\d+ /, ''))).toEqual(['page firing: a'])
    await young.resolve(alert('a'))
    await world.pass(10 * MINUTE)
    const ends = world.told().map((line) => line.replace(/^\d+ /, ''))
    expect(ends.toSorted()).toEqual(['page resolved: (a)', 'team resolved: (a)'])
    expect(await young.alerts()).toEqual([])
  })

  test('move an alert that has not been told yet without making it wait again', async () => {
    const world = createWorld()
    const old = world.start(version('x=""'))
    await old.fire(alert('a'))
    await world.clock.advance(20 * SECOND)
    const young = world.start(version('y=""'))
    await world.pass(10 * MINUTE, [young])
    expect(world.told()).toEqual(['30 team firing: a'])
  })

  test('move an alert whose severity has changed, whoever placed it', async () => {
    const bySeverity = (matcher: string): AlertPolicy =>
      version(matcher, {
        route: {
          receiver: 'team',
          groupWaitMs: 30 * SECOND,
          routes: [{ matchers: ['severity="critical"', matcher], receiver: 'page' }],
        },
      })
    const world = createWorld()
    const old = world.start(bySeverity('x=""'))
    await world.clock.advance(SECOND)
    const young = world.start(bySeverity('y=""'))
    await world.clock.advance(9 * SECOND)
    await young.fire(alert('a'))
    await old.fire(alert('a', { severity: 'critical' }))
    await world.pass(MINUTE)
    expect(world.told()).toEqual(['40 page firing: a'])
  })

  test('leave a group to the one that has its channel, for as long as a lease', async () => {
    const world = createWorld()
    const { team, page } = world.channels
    const old = world.start({ route: { ...brisk.route } }, { channels: { team: team! } })
    await world.clock.advance(SECOND)
    const paging: AlertPolicy = { route: { ...brisk.route, receiver: 'page' } }
    const young = world.start(paging, { channels: { page: page! } })
    await world.clock.advance(SECOND)
    await young.fire(alert('a'))
    await old.tick()
    expect(world.told()).toEqual([])
    await young.tick()
    expect(world.told()).toEqual(['2 page firing: a'])

    await young.fire(alert('b', { labels: {} }))
    // The younger one is gone.
    await world.pass(3 * MINUTE, [old])
    expect(world.told()).toEqual([expect.stringContaining('team firing: a b')])
  })

  test('mute by an inhibition that is new, though its source fired before', async () => {
    const world = createWorld()
    const byName = { route: { ...brisk.route, groupBy: ['alertname'] } }
    await world.start(byName).fire(alert('Parent'))
    const inhibitions = [
      { sourceMatchers: ['alertname="Parent"'], targetMatchers: ['alertname="Child"'] },
    ]
    const after = world.start({ ...byName, inhibitions })
    await after.tick()
    await after.fire(alert('Child'))
    await after.tick()
    expect(world.told()).toEqual(['0 team firing: Parent'])
  })

  test('go on muting while the one without the inhibition says again that the source fires', async () => {
    const world = createWorld()
    const byName = { route: { ...brisk.route, groupBy: ['alertname'] } }
    const old = world.start(byName)
    await old.fire(alert('Parent'))
    await world.pass(10 * SECOND)
    const inhibitions = [
      { sourceMatchers: ['alertname="Parent"'], targetMatchers: ['alertname="Child"'] },
    ]
    const young = world.start({ ...byName, inhibitions })
    await world.pass(SECOND)
    await young.fire(alert('Parent'))
    await old.fire(alert('Parent'))
    await young.fire(alert('Child'))
    await world.pass(10 * MINUTE, [young])
    expect(world.told()).toEqual(['10 team firing: Parent'])
  })
})
