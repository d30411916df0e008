import { describe, expect, test } from 'vitest'

import type { AlertChannel } from '../alerts/alert-channel.ts'
import type { AlertNotification } from '../alerts/alert-notification.ts'
import { type Alert, fingerprintOfAlert } from '../alerts/alert.ts'
import { AssayError } from '../errors/assay-error.ts'
import { createMetrics } from '../metrics/create-metrics.ts'
import { faulty } from '../testing/faulty.ts'
import { createRecordingChannel, type RecordingChannel } from '../testing/recording-channel.ts'
import { createTestClock, type TestClock } from '../testing/test-clock.ts'
import type { AlertManager } from './alert-manager.ts'
import { createAlertManager } from './create-alert-manager.ts'
import { createMemoryAlertManagerStore } from './memory-alert-manager-store.ts'
import type { AlertManagerOptions } from './parse-alert-manager-options.ts'
import type { AlertPolicy } from './policy/alert-policy.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const START = Date.UTC(2026, 10, 23, 12)

/** One group per name, at one receiver. */
const byName: AlertPolicy = { route: { receiver: 'team', groupBy: ['alertname'] } }

interface World {
  readonly clock: TestClock
  readonly manager: AlertManager
  readonly channels: Readonly<Record<string, RecordingChannel>>
  /** Moves time in steps of a second at most, ticking at each. */
  readonly wait: (ms: number) => Promise<void>
  /** What a receiver has heard since it was asked last. */
  readonly heard: (receiver?: string) => string[]
}

function createWorld(
  policy: AlertPolicy,
  { channels: given = {}, ...options }: Partial<AlertManagerOptions> = {},
): World {
  const clock = createTestClock({ now: START })
  const channels: Record<string, RecordingChannel> = {}
  for (const name of ['team', 'page', 'lead', 'boss']) channels[name] = createRecordingChannel()
  const manager = createAlertManager({
    policy,
    channels: { ...channels, ...given },
    clock,
    random: () => 0,
    ...options,
  })
  const seen = new Map<string, number>()
  return {
    clock,
    manager,
    channels,
    async wait(ms) {
      await manager.tick()
      for (let left = ms; left > 0; left -= 10 * SECOND) {
        await clock.advance(Math.min(left, 10 * SECOND))
        await manager.tick()
      }
    },
    heard(receiver = 'team') {
      const all = channels[receiver]?.notifications ?? []
      const fresh = all.slice(seen.get(receiver) ?? 0)
      seen.set(receiver, all.length)
      return fresh.map(describeNotification)
    },
  }
}

/** `firing: a b (c)`: the alerts that fire, and in brackets those that ended. */
function describeNotification({ reason, alerts, escalationLevel }: AlertNotification): string {
  const names = alerts.map(({ labels, status }) => {
    const name = labels['id'] ?? '?'
    return status === 'firing' ? name : `(${name})`
  })
  const level = escalationLevel > 0 ? ` ${escalationLevel}` : ''
  return `${reason}${level}: ${names.toSorted().join(' ')}`
}

function alert(id: string, given: Partial<Alert> = {}): Alert {
  return {
    name: 'SettlementStuck',
    severity: 'high',
    labels: { id },
    summary: `Market ${id} has not settled.`,
    startsAt: START,
    source: 'settlement',
    ...given,
  }
}

describe('timing', () => {
  test('waits for the group, tells all of it at once, and says no more', async () => {
    const { manager, wait, heard } = createWorld(byName)
    await manager.fire(alert('a'))
    await wait(20 * SECOND)
    await manager.fire(alert('b'))
    expect(heard()).toEqual([])
    await wait(10 * SECOND)
    expect(heard()).toEqual(['firing: a b'])
    await wait(3 * HOUR)
    expect(heard()).toEqual([])
  })

  test('tells what is new after the group interval, and not earlier', async () => {
    const { manager, wait, heard } = createWorld(byName)
    await manager.fire(alert('a'))
    await wait(30 * SECOND)
    heard()
    await manager.fire(alert('b'))
    await wait(4 * MINUTE + 50 * SECOND)
    expect(heard()).toEqual([])
    await wait(10 * SECOND)
    expect(heard()).toEqual(['firing: a b'])
  })

  test('repeats after the time to repeat, and not earlier', async () => {
    const { manager, wait, heard, channels } = createWorld(byName)
    await manager.fire(alert('a'))
    await wait(30 * SECOND + 12 * HOUR)
    expect(heard()).toEqual(['firing: a', 'repeat: a', 'repeat: a', 'repeat: a'])
    const times = channels['team']?.notifications.map(({ at }) => at) ?? []
    for (const [index, at] of times.slice(1).entries()) {
      expect(at - (times[index] ?? 0)).toBe(4 * HOUR)
    }
  })

  test('takes the timing of the route', async () => {
    const { manager, wait, heard } = createWorld({
      route: { receiver: 'team', groupWaitMs: 0, groupIntervalMs: MINUTE, repeatMs: 10 * MINUTE },
    })
    await manager.fire(alert('a'))
    await wait(0)
    expect(heard()).toEqual(['firing: a'])
    await manager.fire(alert('b'))
    await wait(MINUTE)
    expect(heard()).toEqual(['firing: a b'])
    await wait(10 * MINUTE)
    expect(heard()).toEqual(['repeat: a b'])
  })
})

test('an alert that is fired again began when it was first said to, or earlier', async () => {
  const { manager, clock } = createWorld(byName)
  const startsAt = async (given: Partial<Alert>): Promise<number | undefined> => {
    await manager.fire(alert('a', given))
    return (await manager.alerts())[0]?.startsAt
  }
  expect(await startsAt({ startsAt: START })).toBe(START)
  await clock.advance(HOUR)
  expect(await startsAt({ startsAt: clock.now(), severity: 'critical' })).toBe(START)
  expect(await startsAt({ startsAt: START - HOUR })).toBe(START - HOUR)
  await manager.resolve(alert('a'))
  expect(await startsAt({ startsAt: clock.now() })).toBe(clock.now())
})

describe('resolution', () => {
  test('is told with what still fires, and then when all has ended', async () => {
    const { manager, wait, heard, channels } = createWorld(byName)
    await manager.fire(alert('a'))
    await manager.fire(alert('b'))
    await wait(30 * SECOND)
    heard()
    expect(await manager.resolve(alert('a'))).toMatchObject({ outcome: 'resolved' })
    await wait(5 * MINUTE)
    expect(heard()).toEqual(['resolved-members: (a) b'])
    await manager.resolve(alert('b'), { at: START + MINUTE })
    await wait(5 * MINUTE)
    expect(heard()).toEqual(['resolved: (b)'])
    expect(channels['team']?.notifications.at(-1)).toMatchObject({
      status: 'resolved',
      alerts: [{ endsAt: START + MINUTE, status: 'resolved' }],
    })
    expect(await manager.alerts()).toEqual([])
    await wait(HOUR)
    expect(heard()).toEqual([])
  })

  test('of an alert that nobody was told of is not told either', async () => {
    const { manager, wait, heard } = createWorld(byName)
    await manager.fire(alert('a'))
    await manager.resolve(alert('a'))
    await wait(10 * MINUTE)
    expect(heard()).toEqual([])
    expect(await manager.alerts()).toEqual([])
  })

  test('is taken back by firing again before it was told', async () => {
    const { manager, wait, heard } = createWorld(byName)
    await manager.fire(alert('a'))
    await wait(30 * SECOND)
    await manager.resolve(alert('a'))
    expect(await manager.fire(alert('a'))).toMatchObject({ outcome: 'accepted' })
    await wait(10 * MINUTE)
    expect(heard()).toEqual(['firing: a'])
  })

  test('is not told where the route does not want it, and the next alert is', async () => {
    const { manager, wait, heard } = createWorld({
      route: { receiver: 'team', sendResolved: false },
    })
    await manager.fire(alert('a'))
    await manager.fire(alert('b'))
    await wait(30 * SECOND)
    await manager.resolve(alert('a'))
    await wait(5 * MINUTE)
    await manager.resolve(alert('b'))
    await wait(5 * MINUTE)
    expect(heard()).toEqual(['firing: a b'])
    expect(await manager.alerts()).toEqual([])
    await manager.fire(alert('a'))
    await wait(30 * SECOND)
    expect(heard()).toEqual(['firing: a'])
  })

  test('says so when there is nothing to resolve', async () => {
    const { manager } = createWorld(byName)
    expect(await manager.resolve(alert('a'))).toMatchObject({ outcome: 'not-firing' })
    await manager.fire(alert('a'))
    await manager.resolve(alert('a'))
    expect(await manager.resolve(alert('a'))).toMatchObject({ outcome: 'not-firing' })
  })

  test('comes by itself where the caller wants that, once the source is silent', async () => {
    const { manager, wait, heard } = createWorld(byName, { resolveAfterMs: 5 * MINUTE })
    await manager.fire(alert('a'))
    await wait(4 * MINUTE)
    expect(await manager.fire(alert('a'))).toMatchObject({ outcome: 'updated' })
    await wait(4 * MINUTE)
    expect(heard()).toEqual(['firing: a'])
    await wait(10 * MINUTE)
    expect(heard()).toEqual(['resolved: (a)'])
  })

  test('never comes by itself otherwise', async () => {
    const { manager, wait } = createWorld(byName)
    await manager.fire(alert('a'))
    await wait(10 * HOUR)
    expect(await manager.alerts({ status: 'firing' })).toHaveLength(1)
  })
})

describe('a resolve reaches everyone who was told', () => {
  const bySeverity: AlertPolicy = {
    route: {
      receiver: 'team',
      groupBy: ['alertname'],
      routes: [{ matchers: ['severity="critical"'], receiver: 'page' }],
    },
  }

  test('of the severity that it had, and of the one that it has now', async () => {
    const { manager, wait, heard } = createWorld(bySeverity)
    await manager.fire(alert('a', { severity: 'critical' }))
    await wait(30 * SECOND)
    await manager.fire(alert('a', { severity: 'high' }))
    await wait(12 * HOUR)
    expect(heard('page')).toEqual(['firing: a'])
    expect(heard('team').slice(0, 2)).toEqual(['firing: a', 'repeat: a'])
    await manager.resolve(alert('a'))
    await wait(5 * MINUTE)
    expect(heard('page')).toEqual(['resolved: (a)'])
    expect(heard('team')).toEqual(['resolved: (a)'])
    expect(await manager.alerts()).toEqual([])
  })

  test('when it was silenced or inhibited in the meantime', async () => {
    const { manager, clock, wait, heard } = createWorld({
      ...byName,
      inhibitions: [
        { sourceMatchers: ['alertname="Down"'], targetMatchers: ['alertname="SettlementStuck"'] },
      ],
    })
    await manager.fire(alert('a'))
    await wait(30 * SECOND)
    await manager.silence({
      matchers: ['id="a"'],
      endsAt: clock.now() + 24 * HOUR,
      author: 'kim',
    })
    await manager.fire(alert('p', { name: 'Down' }))
    heard()
    await wait(5 * HOUR)
    expect(heard()).toEqual(['firing: p', 'repeat: p'])
    await manager.resolve(alert('a'))
    await wait(5 * MINUTE)
    expect(heard()).toEqual(['resolved: (a)'])
  })

  test('by a process that died before it could note that', async () => {
    const store = createMemoryAlertManagerStore()
    const policy: AlertPolicy = {
      route: { receiver: 'page' },
      escalation: { high: [{ receiver: 'lead', waitMs: 5 * MINUTE }] },
    }
    let isDead = false
    const dying = createWorld(policy, {
      store: faulty(store, ({ method }) =>
        isDead && method === 'commit' ? { kind: 'fail' } : undefined,
      ),
    })
    await dying.manager.fire(alert('a'))
    await dying.wait(4 * MINUTE)
    isDead = true
    await dying.wait(MINUTE + 30 * SECOND)
    expect(dying.heard('lead')).toEqual(['escalation 1: a'])

    const { clock, channels, heard } = dying
    const heir = createAlertManager({ policy, channels, store, clock })
    await heir.resolve(alert('a'))
    for (let left = 10; left > 0; left -= 1) {
      await clock.advance(MINUTE)
      await heir.tick()
    }
    expect(heard('lead')).toEqual(['resolved: (a)'])
    expect(heard('page')).toEqual(['firing: a', 'resolved: (a)'])
    expect(await heir.alerts()).toEqual([])
  })

  test('when the policy sends it elsewhere since a restart', async () => {
    const store = createMemoryAlertManagerStore()
    const before = createWorld(byName, { store })
    await before.manager.fire(alert('a'))
    await before.wait(30 * SECOND)

    const channels = before.channels
    const after = createAlertManager({
      policy: { route: { receiver: 'page', groupBy: ['alertname'] } },
      channels,
      clock: before.clock,
      store,
    })
    const wait = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= MINUTE) {
        await before.clock.advance(MINUTE)
        await after.tick()
      }
    }
    await wait(20 * MINUTE)
    expect(channels['page']?.notifications.map(({ reason }) => reason)).toEqual(['firing'])
    await after.resolve(alert('a'))
    await wait(10 * MINUTE)
    const resolved = { reason: 'resolved', status: 'resolved' }
    expect(channels['team']?.notifications).toMatchObject([{ reason: 'firing' }, resolved])
    expect(channels['page']?.notifications).toMatchObject([{ reason: 'firing' }, resolved])
  })
})

describe('muting', () => {
  const inhibiting: AlertPolicy = {
    ...byName,
    inhibitions: [
      {
        sourceMatchers: ['alertname="Down"'],
        targetMatchers: ['alertname=~"Down|SettlementStuck"'],
        equal: ['region'],
      },
    ],
  }
  const stuck = alert('child', { labels: { id: 'child', region: 'eu' } })
  const down = alert('parent', { name: 'Down', labels: { id: 'parent', region: 'eu' } })

  test('by a parent that fires, until it ends, only where the equal labels are', async () => {
    const { manager, wait, heard } = createWorld(inhibiting)
    await manager.fire(down)
    await manager.fire(stuck)
    await manager.fire(alert('other', { labels: { id: 'other', region: 'us' } }))
    await wait(HOUR)
    expect(heard().toSorted()).toEqual(['firing: other', 'firing: parent'])
    expect(await manager.alerts({ matchers: ['id="child"'] })).toMatchObject([
      { mutedBy: 'inhibition', status: 'firing' },
    ])
    await manager.resolve(down)
    await wait(5 * MINUTE)
    expect(heard().toSorted()).toEqual(['firing: child other', 'resolved: (parent)'])
  })

  test('by a silence, from its start to its end', async () => {
    const { manager, clock, wait, heard } = createWorld(byName)
    const id = await manager.silence({
      matchers: [{ label: 'id', op: '=~', value: 'a|b' }],
      startsAt: clock.now() + 5 * MINUTE,
      endsAt: clock.now() + HOUR,
      author: 'kim',
      comment: 'maintenance',
    })
    expect(await manager.silences()).toMatchObject([{ id, author: 'kim', comment: 'maintenance' }])
    await manager.fire(alert('a'))
    await wait(30 * SECOND)
    expect(heard()).toEqual(['firing: a'])
    await wait(5 * MINUTE)
    await manager.fire(alert('b'))
    await wait(50 * MINUTE)
    expect(heard()).toEqual([])
    await wait(15 * MINUTE)
    expect(heard()).toEqual(['firing: a b'])
    expect(await manager.silences()).toEqual([])
  })

  test('by a silence ends when that is expired', async () => {
    const { manager, clock, wait, heard } = createWorld(byName)
    const endsAt = clock.now() + 10 * HOUR
    const id = await manager.silence({ matchers: ['id="a"'], endsAt, author: 'kim' })
    await manager.fire(alert('a'))
    await wait(10 * MINUTE)
    expect(await manager.expireSilence(id)).toBe(true)
    expect(await manager.expireSilence(id)).toBe(false)
    await wait(5 * MINUTE)
    expect(heard()).toEqual(['firing: a'])
  })

  test('by the times of a route', async () => {
    const { manager, wait, heard } = createWorld({
      route: {
        receiver: 'team',
        routes: [{ matchers: ['severity="low"'], muteTimeIntervals: ['lunch'] }],
      },
      muteTimeIntervals: { lunch: [{ times: [{ start: '12:00', end: '13:00' }] }] },
    })
    await manager.fire(alert('a', { severity: 'low' }))
    await manager.fire(alert('b'))
    await wait(55 * MINUTE)
    expect(heard()).toEqual(['firing: b'])
    await wait(10 * MINUTE)
    expect(heard()).toEqual(['firing: a'])
  })

  test.each([
    ['no matchers', { matchers: [] }],
    ['matchers that everything fits', { matchers: ['id=~".*"', 'x=""'] }],
    ['a matcher that is none', { matchers: ['id'] }],
    ['an end that has passed', { endsAt: START }],
    ['an end before the start', { startsAt: START + HOUR, endsAt: START + MINUTE }],
    ['no author', { author: '' }],
    ['an author with a NUL', { author: 'a\0' }],
  ])('is refused with %s', async (_, given) => {
    const { manager } = createWorld(byName)
    const request = { matchers: ['id="a"'], endsAt: START + HOUR, author: 'kim', ...given }
    await expect(manager.silence(request)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })

  test('is bounded in the number of silences', async () => {
    const { manager, clock } = createWorld(byName, { limits: { silences: 1 } })
    const request = { matchers: ['id="a"'], author: 'kim', endsAt: START + MINUTE }
    await manager.silence(request)
    await expect(manager.silence(request)).rejects.toMatchObject({ code: 'ALERT_SILENCE_LIMIT' })
    await clock.advance(MINUTE)
    await expect(manager.silence({ ...request, endsAt: START + HOUR })).resolves.toBeTypeOf(
      'string',
    )
  })
})

describe('escalation', () => {
  const escalating: AlertPolicy = {
    route: { receiver: 'page', groupBy: ['alertname'] },
    escalation: {
      high: [
        { receiver: 'lead', waitMs: 15 * MINUTE },
        { receiver: 'boss', waitMs: 30 * MINUTE },
      ],
      critical: [{ receiver: 'boss', waitMs: 5 * MINUTE }],
      low: [{ receiver: 'lead', waitMs: 'next-business-day' }],
    },
    calendar: { timeZone: 'Europe/Warsaw', holidays: ['2026-11-24'] },
  }

  test('tells the next people in turn, and the end to all of them', async () => {
    const { manager, wait, heard } = createWorld(escalating)
    await manager.fire(alert('a'))
    await wait(15 * MINUTE)
    expect(heard('lead')).toEqual([])
    await wait(30 * SECOND)
    expect(heard('lead')).toEqual(['escalation 1: a'])
    await wait(29 * MINUTE)
    expect(heard('boss')).toEqual([])
    await wait(MINUTE)
    expect(heard('boss')).toEqual(['escalation 2: a'])
    await wait(3 * HOUR)
    await manager.resolve(alert('a'))
    await wait(5 * MINUTE)
    expect(heard('lead')).toEqual(['resolved: (a)'])
    expect(heard('boss')).toEqual(['resolved: (a)'])
    expect(heard('page')).toEqual(['firing: a', 'resolved: (a)'])
  })

  test('stops with an acknowledgement, by group or by alert, and the history knows', async () => {
    for (const how of ['group', 'alert'] as const) {
      const { manager, wait, heard } = createWorld(escalating)
      await manager.fire(alert('a'))
      await wait(MINUTE)
      const [kept] = await manager.alerts()
      const key = (how === 'group' ? kept?.groupKeys[0] : kept?.fingerprint) ?? ''
      expect(await manager.acknowledge(key, { by: 'kim' })).toEqual(kept?.groupKeys)
      await wait(3 * HOUR)
      expect([...heard('lead'), ...heard('boss')]).toEqual([])
      expect(await manager.history()).toMatchObject([
        { event: 'acknowledged', acknowledgedBy: 'kim', fingerprints: [kept?.fingerprint] },
        { event: 'notified', reason: 'firing', receiver: 'page', escalationLevel: 0 },
      ])
    }
  })

  test('begins anew when an alert joins what was acknowledged', async () => {
    const { manager, wait, heard } = createWorld(escalating)
    await manager.fire(alert('a'))
    await wait(MINUTE)
    await manager.acknowledge(fingerprintOfAlert(alert('a')), { by: 'kim' })
    await wait(HOUR)
    await manager.fire(alert('b'))
    await wait(5 * MINUTE + 15 * MINUTE)
    expect(heard('lead')).toEqual(['escalation 1: a b'])
  })

  test('is quicker when the severity rises', async () => {
    const { manager, wait, heard } = createWorld(escalating)
    await manager.fire(alert('a'))
    await wait(MINUTE)
    await manager.fire(alert('a', { severity: 'critical' }))
    await wait(10 * MINUTE)
    expect(heard('boss')).toEqual(['escalation 1: a'])
  })

  test('waits for the next business day with what can wait', async () => {
    const { manager, clock, wait, heard } = createWorld(escalating)
    await manager.fire(alert('a', { severity: 'low' }))
    // Monday noon; Tuesday is a holiday; Wednesday 09:00 in Warsaw.
    await wait(Date.UTC(2026, 10, 25, 7, 59) - clock.now())
    expect(heard('lead')).toEqual([])
    await wait(MINUTE)
    expect(heard('lead')).toEqual(['escalation 1: a'])
  })

  test('is shown to channels that show acknowledgements, once', async () => {
    const page = createRecordingChannel({ showsAcknowledgements: true })
    const { manager, wait } = createWorld(escalating, { channels: { page } })
    await manager.fire(alert('a'))
    await wait(MINUTE)
    await manager.acknowledge(fingerprintOfAlert(alert('a')), { by: 'kim' })
    await wait(HOUR)
    expect(page.notifications).toMatchObject([
      { reason: 'firing' },
      { reason: 'acknowledged', acknowledgedBy: 'kim', status: 'firing' },
    ])
  })

  test('says nothing while all is silenced', async () => {
    const { manager, clock, wait, heard } = createWorld(escalating)
    await manager.fire(alert('a'))
    await wait(MINUTE)
    const endsAt = clock.now() + HOUR
    await manager.silence({ matchers: ['id="a"'], endsAt, author: 'kim' })
    await wait(59 * MINUTE)
    expect([...heard('lead'), ...heard('boss')]).toEqual([])
    await wait(6 * MINUTE)
    expect(heard('lead')).toEqual(['escalation 1: a'])
  })

  test('acknowledging nothing finds nothing', async () => {
    const { manager } = createWorld(escalating)
    expect(await manager.acknowledge('nothing', { by: 'kim' })).toEqual([])
    await expect(manager.acknowledge('x', { by: '' })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    })
  })
})

test('a group that cannot be committed is an error of the tick, and not nothing', async () => {
  const store = faulty(createMemoryAlertManagerStore(), ({ method }) =>
    method === 'commit' ? { kind: 'fail' } : undefined,
  )
  const { manager, clock } = createWorld(byName, { store })
  await manager.fire(alert('a'))
  await clock.advance(30 * SECOND)
  expect((await manager.tick()).errors).toBe(1)
})

describe('deliveries that fail', () => {
  test('are tried again, ever less often, with what is so by then', async () => {
    const team = createRecordingChannel()
    const unreliable = faulty(team, ({ nth }) => (nth <= 3 ? { kind: 'fail' } : undefined))
    const { manager, wait, clock } = createWorld(byName, { channels: { team: unreliable } })
    await manager.fire(alert('a'))
    await wait(30 * SECOND)
    await manager.fire(alert('b'))
    await wait(40 * SECOND)
    expect(team.notifications.map(describeNotification)).toEqual(['firing: a b'])
    expect(clock.now() - START).toBe(70 * SECOND)
  })

  test('keep their id when nothing changed', async () => {
    const team = createRecordingChannel()
    const unreliable = faulty(team, ({ nth }) => (nth === 1 ? { kind: 'fail-after' } : undefined))
    const { manager, wait } = createWorld(byName, { channels: { team: unreliable } })
    await manager.fire(alert('a'))
    await wait(10 * MINUTE)
    const [first, second, ...more] = team.notifications
    expect(second).toMatchObject({ id: first?.id, reason: 'firing' })
    expect(more).toEqual([])
  })

  test('have another id when anything changed, so that no receiver drops news', async () => {
    const team = createRecordingChannel()
    const unreliable = faulty(team, ({ nth }) => (nth === 1 ? { kind: 'fail-after' } : undefined))
    const { manager, wait } = createWorld(byName, { channels: { team: unreliable } })
    await manager.fire(alert('a'))
    await wait(30 * SECOND)
    await manager.fire(alert('b'))
    await wait(10 * MINUTE)
    expect(team.notifications.map(describeNotification)).toEqual(['firing: a', 'firing: a b'])
    const [first, second] = team.notifications
    expect(first?.id).not.toBe(second?.id)
  })

  test('may have arrived, so their end is told', async () => {
    const team = createRecordingChannel()
    const unreliable = faulty(team, ({ nth }) => (nth === 1 ? { kind: 'fail-after' } : undefined))
    const { manager, wait } = createWorld(byName, { channels: { team: unreliable } })
    await manager.fire(alert('a'))
    await wait(30 * SECOND)
    await manager.resolve(alert('a'))
    await wait(10 * MINUTE)
    expect(team.notifications.map(describeNotification)).toEqual(['firing: a', 'resolved: (a)'])
    expect(await manager.alerts()).toEqual([])
  })

  test('hear of the step that is due by then', async () => {
    const lead = createRecordingChannel()
    const unreliable = faulty(lead, ({ nth }) => (nth <= 4 ? { kind: 'fail' } : undefined))
    const policy: AlertPolicy = {
      route: { receiver: 'page' },
      escalation: {
        high: [
          { receiver: 'lead', waitMs: MINUTE },
          { receiver: 'lead', waitMs: 20 * SECOND },
        ],
      },
    }
    const { manager, wait } = createWorld(policy, { channels: { lead: unreliable } })
    await manager.fire(alert('a'))
    await wait(10 * MINUTE)
    expect(lead.notifications.map(describeNotification)).toEqual(['escalation 2: a'])
  })

  test('are given up after their time, even by a channel that never answers', async () => {
    const team = createRecordingChannel()
    const hanging = faulty(team, ({ nth }) => (nth === 1 ? { kind: 'drop' } : undefined))
    const { manager, clock } = createWorld(byName, { channels: { team: hanging } })
    await manager.fire(alert('a'))
    await clock.advance(30 * SECOND)
    const ticking = manager.tick()
    await clock.advance(30 * SECOND)
    expect(await ticking).toEqual({ rounds: 1, errors: 0, delivered: 0, failed: 1, refused: 0 })
    await clock.advance(5 * SECOND)
    await manager.tick()
    expect(team.notifications.map(describeNotification)).toEqual(['firing: a'])
  })

  test('keep the process alive until they are given up', async () => {
    const clock = createTestClock({ now: START })
    const slept: number[] = []
    const team: AlertChannel = {
      kind: 'hangs',
      deliver: () => Promise.withResolvers<undefined>().promise,
    }
    const manager = createAlertManager({
      policy: { route: { receiver: 'team', groupWaitMs: 0 } },
      channels: { team },
      clock: {
        ...clock,
        setTimer: () => {
          throw new Error('A timer does not keep the process alive.')
        },
        async sleep(ms, options) {
          slept.push(ms)
          return clock.sleep(ms, options)
        },
      },
    })
    await manager.fire(alert('a'))
    const tick = manager.tick()
    await clock.advance(30_000)
    expect(await tick).toMatchObject({ failed: 1 })
    expect(slept).toEqual([30_000, 0])
    expect(clock.pending).toBe(0)
  })

  test('do not hold up other receivers', async () => {
    const policy: AlertPolicy = {
      route: {
        receiver: 'team',
        routes: [{ receiver: 'page', continue: true }, { receiver: 'team' }],
      },
    }
    const page = faulty(createRecordingChannel(), () => ({ kind: 'fail' }))
    const { manager, wait, heard } = createWorld(policy, { channels: { page } })
    await manager.fire(alert('a'))
    await wait(MINUTE)
    expect(heard('team')).toEqual(['firing: a'])
  })

  const refusal = new AssayError('ALERT_DELIVERY_REFUSED', { message: 'no', retry: 'never' })
  const escalating: AlertPolicy = {
    route: { receiver: 'page' },
    escalation: {
      high: [
        { receiver: 'lead', waitMs: 15 * MINUTE },
        { receiver: 'boss', waitMs: 15 * MINUTE },
      ],
    },
  }

  test('for good take the next step of the escalation at once', async () => {
    const page = createRecordingChannel()
    const lead = createRecordingChannel()
    const { manager, wait, heard } = createWorld(escalating, {
      channels: {
        page: faulty(page, () => ({ kind: 'fail', error: refusal })),
        lead: faulty(lead, () => ({ kind: 'fail', error: refusal })),
      },
    })
    await manager.fire(alert('a'))
    await wait(30 * SECOND)
    expect(heard('boss')).toEqual(['escalation 2: a'])
    expect(await manager.history()).toMatchObject([
      { event: 'notified', receiver: 'boss', reason: 'escalation', escalationLevel: 2 },
      { event: 'refused', receiver: 'lead', reason: 'escalation', escalationLevel: 1 },
      { event: 'refused', receiver: 'page', errorCode: 'ALERT_DELIVERY_REFUSED' },
    ])
  })

  test('for good are offered again, ever less often, until the channel is mended', async () => {
    const page = createRecordingChannel()
    let isMended = false
    const attempts: number[] = []
    const { manager, clock, wait } = createWorld(
      { route: { receiver: 'page' } },
      {
        channels: {
          page: faulty(page, () => {
            attempts.push(clock.now() - START)
            return isMended ? undefined : { kind: 'fail', error: refusal }
          }),
        },
      },
    )
    await manager.fire(alert('a'))
    await wait(HOUR)
    expect(attempts).toEqual([0.5, 5.5, 15.5, 35.5].map((minutes) => minutes * MINUTE))
    isMended = true
    await wait(HOUR)
    expect(page.notifications.map(describeNotification)).toEqual(['firing: a'])
  })

  test('for good of an end are given up, so that the group ends', async () => {
    const page = createRecordingChannel()
    const { manager, wait } = createWorld(
      { route: { receiver: 'page' } },
      {
        channels: {
          page: faulty(page, ({ nth }) => (nth > 1 ? { kind: 'fail', error: refusal } : undefined)),
        },
      },
    )
    await manager.fire(alert('a'))
    await wait(MINUTE)
    await manager.resolve(alert('a'))
    await wait(10 * MINUTE)
    expect(await manager.alerts()).toEqual([])
    expect(await manager.history()).toMatchObject([
      { event: 'refused', reason: 'resolved' },
      { event: 'resolved' },
      { event: 'notified', reason: 'firing' },
    ])
  })
})

describe('limits', () => {
  test('refuse what is new, and an alert says so until it is over', async () => {
    const metrics = createMetrics()
    const { manager, wait, heard } = createWorld(byName, { limits: { alerts: 2 }, metrics })
    await manager.fire(alert('a'))
    await manager.fire(alert('b'))
    expect(await manager.fire(alert('c'))).toEqual({
      outcome: 'refused',
      reason: 'alert-limit',
      fingerprint: fingerprintOfAlert(alert('c')),
    })
    expect(await manager.fire(alert('a'))).toMatchObject({ outcome: 'updated' })
    await wait(40 * SECOND)
    expect(heard().toSorted()).toEqual(['firing: ?', 'firing: a b'])
    const [capacity] = await manager.alerts({ matchers: ['alertname="AlertManagerAtCapacity"'] })
    expect(capacity).toMatchObject({ severity: 'critical', labels: { limit: 'alerts' }, value: 1 })
    await wait(30 * MINUTE)
    expect(heard()).toEqual(['resolved: (?)'])
  })

  test('refuse what would open a group too many', async () => {
    const { manager } = createWorld(byName, { limits: { groups: 1 } })
    await manager.fire(alert('a'))
    expect(await manager.fire(alert('b', { name: 'Other' }))).toMatchObject({
      outcome: 'refused',
      reason: 'group-limit',
    })
    expect(await manager.fire(alert('c'))).toMatchObject({ outcome: 'accepted' })
  })

  test('refuse calls when too many wait for the store', async () => {
    const { manager } = createWorld(byName, { limits: { waiting: 2 } })
    const outcomes = await Promise.all(['a', 'b', 'c'].map((id) => manager.fire(alert(id))))
    expect(outcomes).toMatchObject([
      { outcome: 'accepted' },
      { outcome: 'accepted' },
      { outcome: 'refused', reason: 'waiting-limit' },
    ])
  })

  test('cut a notification, and count what it leaves out', async () => {
    const { manager, wait, channels } = createWorld(byName, {
      limits: { alertsPerNotification: 3 },
    })
    for (let id = 0; id < 10; id += 1) {
      await manager.fire(alert(`${id}`, { severity: id === 7 ? 'critical' : 'low' }))
    }
    await wait(30 * SECOND)
    const [first] = channels['team']?.notifications ?? []
    expect(first?.alerts).toHaveLength(3)
    expect(first).toMatchObject({
      omittedAlertCount: 7,
      severity: 'critical',
      alerts: [{ labels: { id: '7' } }, {}, {}],
    })
    await wait(10 * MINUTE)
    expect(channels['team']?.notifications).toHaveLength(1)
  })

  test('cut hostile texts, and deliver the alert all the same', async () => {
    const { manager, wait, channels } = createWorld(
      { route: { receiver: 'team', groupBy: ['token'] } },
      { limits: { labels: 3 } },
    )
    const labels = {
      token: 'x'.repeat(100_000),
      nul: 'a\0b\uD800',
      ['__proto__']: 'p',
      ...Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`z${index}`, 'z'])),
    }
    const hostile = alert('', { labels, summary: '🎪'.repeat(10_000), value: Number.NaN })
    const { fingerprint } = await manager.fire(hostile)
    expect(fingerprint).toBe(fingerprintOfAlert(hostile))
    await wait(30 * SECOND)
    const [notification] = channels['team']?.notifications ?? []
    expect(notification?.groupKey.length).toBeLessThanOrEqual(255)
    const [notified] = notification?.alerts ?? []
    expect(Object.keys(notified?.labels ?? {})).toHaveLength(3)
    expect(notified?.labels['token']).toHaveLength(1_024)
    expect(notified?.labels['nul']).toBe('a\uFFFDb\uFFFD')
    expect(notified?.summary).toHaveLength(4_096)
    expect(notified?.value).toBeUndefined()
    expect(await manager.resolve(hostile)).toMatchObject({ outcome: 'resolved' })
  })

  test.each<[string, Partial<Record<keyof Alert, unknown>>]>([
    ['no name', { name: '' }],
    ['an unknown severity', { severity: 'CRITICAL' }],
    ['an inherited severity', { severity: 'constructor' }],
    ['a label that is no text', { labels: { id: 1 } }],
    ['no time', { startsAt: Number.NaN }],
  ])('refuse as a bug an alert with %s', async (_, given) => {
    const { manager } = createWorld(byName)
    const fired = manager.fire({ ...alert('a'), ...given } as Alert)
    await expect(fired).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })

  test('hold in a storm: 100,000 alerts in 1,000 groups give 1,000 notifications', async () => {
    const { manager, wait, channels } = createWorld({
      route: { receiver: 'team', groupBy: ['alertname', 'market'] },
    })
    for (let from = 0; from < 100_000; from += 10_000) {
      const some = Array.from({ length: 10_000 }, (_, index) => from + index)
      await Promise.all(
        some.map((n) =>
          manager.fire(alert('', { labels: { market: `m${n % 1_000}`, n: `${n}` } })),
        ),
      )
    }
    await wait(10 * MINUTE)
    const notifications = channels['team']?.notifications ?? []
    expect(notifications).toHaveLength(1_000)
    expect(notifications.every(({ alerts }) => alerts.length === 100)).toBe(true)
  })
})

describe('running', () => {
  test('sends what is due until it is aborted, and leaves no timer behind', async () => {
    const { manager, clock, heard } = createWorld(byName)
    const stopping = new AbortController()
    const running = manager.run({ signal: stopping.signal })
    await manager.fire(alert('a'))
    await clock.advance(31 * SECOND)
    expect(heard()).toEqual(['firing: a'])
    stopping.abort()
    await running
    expect(clock.pending).toBe(0)
  })

  test('survives a store that fails, and counts it', async () => {
    const metrics = createMetrics()
    const store = faulty(createMemoryAlertManagerStore(), ({ method, nth }) =>
      (method === 'claimDue' && nth <= 40) || (method === 'commit' && nth <= 3)
        ? { kind: 'fail' }
        : undefined,
    )
    const { manager, clock, heard } = createWorld(byName, { store, metrics })
    const stopping = new AbortController()
    const running = manager.run({ signal: stopping.signal })
    await manager.fire(alert('a'))
    await clock.advance(2 * MINUTE)
    // The first commit was lost with its process, as it were, so the lease had to run out.
    expect(heard()).toEqual(['firing: a', 'firing: a'])
    stopping.abort()
    await running
  })

  test('ends when the manager is closed, which waits, refuses what is new, and closes channels', async () => {
    const { manager, clock, channels } = createWorld(byName)
    const running = manager.run()
    const fired = manager.fire(alert('a'))
    await clock.advance(0)
    await manager[Symbol.asyncDispose]()
    await running
    expect(await fired).toMatchObject({ outcome: 'accepted' })
    expect(await manager.fire(alert('b'))).toMatchObject({ outcome: 'refused', reason: 'closed' })
    expect(channels['team']?.isClosed).toBe(true)
    expect(clock.pending).toBe(0)
  })

  test('passes on what the store rejects with, so that the caller fires again', async () => {
    const store = faulty(createMemoryAlertManagerStore(), ({ nth }) =>
      nth === 1 ? { kind: 'fail' } : undefined,
    )
    const { manager } = createWorld(byName, { store })
    await expect(manager.fire(alert('a'))).rejects.toThrow('put call 1')
    expect(await manager.fire(alert('a'))).toMatchObject({ outcome: 'accepted' })
  })

  test('keeps the history for as long as it should', async () => {
    const { manager, wait } = createWorld(byName, { historyMs: 10 * HOUR })
    await manager.fire(alert('a'))
    await wait(13 * HOUR)
    expect(await manager.history()).toHaveLength(3)
    expect(await manager.history({ limit: 1 })).toMatchObject([{ reason: 'repeat' }])
    expect(await manager.history({ receiver: 'nobody' })).toEqual([])
  })
})

test('names the receivers that have no channel', () => {
  expect(() => createAlertManager({ channels: {} })).toThrow(
    'missing: slack, pagerduty, oracle-operations, contract-monitoring, api-monitoring, on-call, ' +
      'lead, team-lead, team, product',
  )
})

test.each<[string, Partial<AlertManagerOptions>]>([
  ['pollMs', { pollMs: 0 }],
  ['leaseMs', { leaseMs: 30_000 }],
  ['concurrency', { concurrency: 0 }],
  ['resolveAfterMs', { resolveAfterMs: -1 }],
  ['limits.alerts', { limits: { alerts: 0 } }],
])('refuses a %s that it cannot work with', (option, given) => {
  expect(() => createWorld(byName, given)).toThrow(`\`${option}\``)
})

test.each<[string, unknown]>([
  ['options', undefined],
  ['channels', { policy: byName }],
  ['channels', { policy: byName, channels: [] }],
  ['channels.team', { policy: byName, channels: { team: undefined } }],
  ['channels.team', { policy: byName, channels: { team: 'https://hooks.example.com' } }],
  ['channels.team', { policy: byName, channels: { team: async () => undefined } }],
  ['channels', {}],
  ['policy', { policy: 'team', channels: {} }],
  ['policy.route', { policy: {}, channels: {} }],
])('refuses, without types, %s of %j', (option, options) => {
  expect(() => createAlertManager(options as AlertManagerOptions)).toThrow(
    expect.objectContaining({
      code: 'INVALID_OPTION',
      context: { factory: 'createAlertManager', option },
    }),
  )
})

test.each<[string, string, (manager: Untyped) => Promise<unknown>]>([
  ['resolve', 'alert', (manager) => manager.resolve(undefined)],
  ['resolve', 'labels', (manager) => manager.resolve({ name: 'X' })],
  ['silence', 'request', (manager) => manager.silence(undefined)],
  ['silence', 'matchers', (manager) => manager.silence({ endsAt: START + HOUR, author: 'kim' })],
  [
    'silence',
    'matchers',
    (manager) => manager.silence({ matchers: 'a="b"', endsAt: START + HOUR }),
  ],
  ['silence', 'matchers[0]', (manager) => manager.silence({ matchers: [null] })],
  ['acknowledge', 'by', (manager) => manager.acknowledge('key')],
  ['acknowledge', 'by', (manager) => manager.acknowledge('key', null)],
  ['acknowledge', 'key', (manager) => manager.acknowledge(undefined, { by: 'kim' })],
  ['history', 'filter.recevier', (manager) => manager.history({ recevier: 'team' })],
  ['history', 'filter', (manager) => manager.history(null)],
  ['alerts', 'filter.state', (manager) => manager.alerts({ state: 'firing' })],
  ['alerts', 'status', (manager) => manager.alerts({ status: 'fring' })],
  ['alerts', 'matchers', (manager) => manager.alerts({ matchers: 'a="b"' })],
])('%s refuses, without types, %s', async (factory, option, call) => {
  const { manager } = createWorld(byName)
  await expect(call(manager as unknown as Untyped)).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    context: { factory, option },
  })
})

/** An alert manager as it is called from JavaScript. */
type Untyped = Record<
  'resolve' | 'silence' | 'acknowledge' | 'alerts' | 'history',
  (...values: readonly unknown[]) => Promise<unknown>
>
