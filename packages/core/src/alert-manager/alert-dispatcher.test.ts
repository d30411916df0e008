import { expect, test } from 'vitest'

import type { AlertChannel } from '../alerts/alert-channel.ts'
import type { Alert } from '../alerts/alert.ts'
import { createMetrics } from '../metrics/create-metrics.ts'
import { createRecordingChannel, type RecordingChannel } from '../testing/recording-channel.ts'
import { createTestClock, type TestClock } from '../testing/test-clock.ts'
import { ALERT_MANAGER_NOTIFICATIONS_TOTAL } from './alert-manager-metrics.ts'
import type { AlertManagerStore } from './alert-manager-store.ts'
import type { AlertManager } from './alert-manager.ts'
import { createAlertManager } from './create-alert-manager.ts'
import { createMemoryAlertManagerStore } from './memory-alert-manager-store.ts'
import type { AlertPolicy } from './policy/alert-policy.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

function alert(n: number, severity: Alert['severity'] = 'high'): Alert {
  return {
    name: 'Stuck',
    severity,
    labels: { n: `${n}` },
    summary: 'It is stuck.',
    startsAt: 0,
    source: 'test',
  }
}

/** One a second, as Slack takes them; how many wait is up to the manager. */
function createSlowChannel(clock: TestClock, recording: RecordingChannel): AlertChannel {
  let opensAt = 0
  return {
    kind: 'slow',
    async deliver(notification, { signal }) {
      const at = Math.max(opensAt, clock.now())
      opensAt = at + SECOND
      await clock.sleep(at - clock.now(), { signal })
      await recording.deliver(notification, { signal })
    },
  }
}

/** A group for each alert. `high` goes to a receiver that takes one a second, `critical` to another. */
function createWorld({
  store = createMemoryAlertManagerStore(),
  escalation = {},
}: { store?: AlertManagerStore; escalation?: AlertPolicy['escalation'] } = {}) {
  const clock = createTestClock()
  const metrics = createMetrics()
  const slow = createRecordingChannel()
  const pagedAt: number[] = []
  const page = createRecordingChannel({ onDeliver: () => void pagedAt.push(clock.now()) })
  const policy: AlertPolicy = {
    route: {
      receiver: 'slow',
      groupBy: ['n'],
      routes: [{ matchers: ['severity="critical"'], receiver: 'page', groupWaitMs: 0 }],
    },
    escalation,
  }
  const start = (): AlertManager =>
    createAlertManager({
      policy,
      channels: { slow: createSlowChannel(clock, slow), page },
      store,
      clock,
      metrics,
    })
  const manager = start()
  return {
    clock,
    metrics,
    manager,
    start,
    slow,
    page,
    pagedAt,
    fire: async (count: number, severity?: Alert['severity']) => {
      const all = Array.from({ length: count }, (_, n) => manager.fire(alert(n, severity)))
      await Promise.all(all)
    },
  }
}

/** Lets a manager run while time passes. */
async function runFor(clock: TestClock, managers: readonly AlertManager[], ms: number) {
  const stopping = new AbortController()
  const running = managers.map((manager) => manager.run({ signal: stopping.signal }))
  await clock.advance(ms)
  stopping.abort()
  await Promise.all(running)
}

test('pages at once while a thousand notifications wait for a slow receiver', async () => {
  const { clock, manager, fire, pagedAt } = createWorld()
  await fire(1_000)
  await runFor(clock, [manager], MINUTE)
  await manager.fire(alert(2_000, 'critical'))
  await runFor(clock, [manager], SECOND)
  expect(pagedAt).toEqual([MINUTE])
})

test('pages at once while escalations of as many other pages wait for a slow receiver', async () => {
  const escalation = { critical: [{ receiver: 'slow', waitMs: MINUTE }] }
  const { clock, manager, fire, pagedAt, slow } = createWorld({ escalation })
  await fire(500, 'critical')
  await runFor(clock, [manager], 2 * MINUTE)
  expect(pagedAt).toHaveLength(500)
  expect(slow.notifications.length).toBeLessThan(70)
  await manager.fire(alert(2_000, 'critical'))
  await runFor(clock, [manager], SECOND)
  expect(pagedAt.slice(500)).toEqual([2 * MINUTE])
})

test('escalates in time what the slow receiver of a group has not been told yet', async () => {
  const escalation = { high: [{ receiver: 'page', waitMs: 5 * MINUTE }] }
  const { clock, manager, fire, pagedAt, slow } = createWorld({ escalation })
  await fire(500)
  await runFor(clock, [manager], 6 * MINUTE)
  expect(slow.notifications.length).toBeLessThan(400)
  expect(pagedAt).toHaveLength(500)
  // Five minutes after the groups were first told, and at the latest when a delivery has ended.
  expect(Math.max(...pagedAt)).toBeLessThanOrEqual(30 * SECOND + 5 * MINUTE + 30 * SECOND)
})

test('tells each group of a storm once, from two processes, and counts what had to wait', async () => {
  const { clock, manager, start, fire, slow, metrics } = createWorld()
  await fire(400)
  await runFor(clock, [manager, start()], 15 * MINUTE)
  const keys = slow.notifications.map(({ groupKey }) => groupKey)
  expect([keys.length, new Set(keys).size]).toEqual([400, 400])

  const family = metrics.collect().find(({ name }) => name === ALERT_MANAGER_NOTIFICATIONS_TOTAL)
  const outcomes = family?.series.map(({ labels }) => labels['outcome'])
  expect(outcomes?.toSorted()).toEqual(['delivered', 'postponed'])
})

test('holds a bounded number of groups, and none beyond its lease, over a slow store', async () => {
  const base = createMemoryAlertManagerStore()
  const heldSince = new Map<string, number>()
  let heldMax = 0
  let heldMaxMs = 0
  const world = createWorld({
    store: {
      ...base,
      async claimDue(claim) {
        const claimed = await base.claimDue(claim)
        for (const { key } of claimed.groups) heldSince.set(key, claim.now)
        heldMax = Math.max(heldMax, heldSince.size)
        return claimed
      },
      async commit(commit) {
        await world.clock.sleep(5 * SECOND)
        const isCommitted = await base.commit(commit)
        expect(isCommitted).toBe(true)
        heldMaxMs = Math.max(heldMaxMs, world.clock.now() - (heldSince.get(commit.key) ?? 0))
        heldSince.delete(commit.key)
        return isCommitted
      },
    },
  })
  await world.fire(1_000)
  await runFor(world.clock, [world.manager], 3 * MINUTE)
  // For each of two channels 16 in it and 256 before it, and 64 with the store.
  expect(heldMax).toBe(2 * (16 + 256) + 64)
  expect(heldMaxMs).toBeLessThanOrEqual(35 * SECOND)
})

test('runs so many rounds of a tick at the same time as it may', async () => {
  const clock = createTestClock()
  let now = 0
  let nowMax = 0
  const team: AlertChannel = {
    kind: 'test',
    async deliver() {
      now += 1
      nowMax = Math.max(nowMax, now)
      await clock.sleep(10)
      now -= 1
    },
  }
  const manager = createAlertManager({
    policy: { route: { receiver: 'team', groupBy: ['n'], groupWaitMs: 0 } },
    channels: { team },
    concurrency: 3,
    clock,
  })
  await Promise.all(Array.from({ length: 10 }, (_, n) => manager.fire(alert(n))))
  const ticking = manager.tick()
  await clock.advance(40)
  expect(await ticking).toMatchObject({ rounds: 10, delivered: 10, failed: 0 })
  expect(nowMax).toBe(3)
})

test('notes what it told although the logger throws', async () => {
  const no = (): never => {
    throw new Error('The log is full.')
  }
  let isBroken = true
  const team = createRecordingChannel({
    onDeliver() {
      if (isBroken) throw new Error('No.')
    },
  })
  const clock = createTestClock()
  const manager = createAlertManager({
    policy: { route: { receiver: 'team', groupWaitMs: 0 } },
    channels: { team },
    logger: { debug: no, info: no, warn: no, error: no },
    random: () => 0,
    clock,
  })
  await manager.fire(alert(1))
  expect(await manager.tick()).toMatchObject({ rounds: 1, failed: 1, errors: 0 })
  isBroken = false
  await clock.advance(5 * SECOND)
  expect(await manager.tick()).toMatchObject({ delivered: 1, errors: 0 })
})
