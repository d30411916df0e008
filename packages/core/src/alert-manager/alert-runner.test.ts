import { expect, test } from 'vitest'

import type { Alert } from '../alerts/alert.ts'
import { createMetrics } from '../metrics/create-metrics.ts'
import { faulty } from '../testing/faulty.ts'
import { createRecordingChannel } from '../testing/recording-channel.ts'
import { createTestClock } from '../testing/test-clock.ts'
import { ALERT_MANAGER_ERRORS_TOTAL } from './alert-manager-metrics.ts'
import type { AlertManagerStore } from './alert-manager-store.ts'
import { createAlertManager } from './create-alert-manager.ts'
import { createMemoryAlertManagerStore } from './memory-alert-manager-store.ts'

const HOUR = 3_600_000

const alert: Alert = {
  name: 'SettlementStuck',
  severity: 'critical',
  labels: {},
  summary: 'A market has not settled.',
  startsAt: 0,
  source: 'settlement',
}

/** A manager that tells at once, over this store. */
function createWorld(store: AlertManagerStore) {
  const clock = createTestClock()
  const team = createRecordingChannel()
  const metrics = createMetrics()
  const policy = { route: { receiver: 'team', groupWaitMs: 0 } }
  const manager = createAlertManager({ policy, channels: { team }, store, clock, metrics })
  const errors = (step: string): number => {
    const family = metrics.collect().find(({ name }) => name === ALERT_MANAGER_ERRORS_TOTAL)
    const series = family?.series.find(({ labels }) => labels['step'] === step)
    return series !== undefined && 'value' in series ? series.value : 0
  }
  return { clock, team, manager, errors }
}

test('tells people while nothing can be pruned, and tries that ever less often', async () => {
  const store = faulty(createMemoryAlertManagerStore(), ({ method }) =>
    method === 'prune' ? { kind: 'fail' } : undefined,
  )
  const { clock, team, manager, errors } = createWorld(store)
  await manager.fire(alert)
  const running = manager.run()
  await clock.advance(HOUR)
  expect(team.notifications).toHaveLength(1)
  expect(errors('prune')).toBeGreaterThan(2)
  expect(errors('prune')).toBeLessThan(10)
  await manager.close()
  await running
})

test.each(['prune', 'expireAlerts'])('tells people in a tick while %s fails', async (broken) => {
  const store = faulty(createMemoryAlertManagerStore(), ({ method }) =>
    method === broken ? { kind: 'fail' } : undefined,
  )
  const { team, manager } = createWorld(store)
  await manager.fire(alert)
  expect(await manager.tick()).toMatchObject({ delivered: 1, errors: 1 })
  expect(team.notifications).toHaveLength(1)
})

test('tells people while a step of the upkeep never ends, and begins it no second time', async () => {
  let pruneCount = 0
  const store = faulty(createMemoryAlertManagerStore(), ({ method }) => {
    if (method !== 'prune') return undefined
    pruneCount += 1
    return { kind: 'drop' }
  })
  const { clock, team, manager } = createWorld(store)
  const stopping = new AbortController()
  const running = manager.run({ signal: stopping.signal })
  await clock.advance(2 * HOUR)
  await manager.fire(alert)
  await clock.advance(1_000)
  expect(team.notifications).toHaveLength(1)
  expect(pruneCount).toBe(1)
  stopping.abort()
  await running
})

test('forgets what is old every hour, and the rest at the next look when it was too much', async () => {
  const prunedAt: number[] = []
  const counts = [10_000, 3, 0]
  const base = createMemoryAlertManagerStore()
  const { clock, manager } = createWorld({
    ...base,
    async prune({ now }) {
      prunedAt.push(now)
      return counts.shift() ?? 0
    },
  })
  const running = manager.run()
  await clock.advance(HOUR + 2_000)
  expect(prunedAt).toEqual([0, 1_000, HOUR + 1_000])
  await manager.close()
  await running
})

test('closes after a claim that was under way, whose groups it gives back untold', async () => {
  const log: string[] = []
  const { promise: answer, resolve } = Promise.withResolvers<void>()
  const base = createMemoryAlertManagerStore()
  const store: AlertManagerStore = {
    ...base,
    async claimDue(claim) {
      const claimed = await base.claimDue(claim)
      await answer
      return claimed
    },
    async commit(commit) {
      log.push('committed')
      return base.commit(commit)
    },
  }
  const { clock, team, manager } = createWorld(store)
  await manager.fire(alert)
  const running = manager.run()
  await clock.advance(0)

  const closing = manager.close().then(() => log.push('closed'))
  await clock.advance(0)
  expect([log, team.isClosed]).toEqual([[], false])
  resolve()
  await closing
  await running
  expect(log).toEqual(['committed', 'closed'])
  expect([team.notifications, team.isClosed]).toEqual([[], true])

  const heir = createRecordingChannel()
  const policy = { route: { receiver: 'team', groupWaitMs: 0 } }
  const next = createAlertManager({ policy, channels: { team: heir }, store: base, clock })
  expect(await next.tick()).toMatchObject({ delivered: 1 })
})

test('closes after a tick and an upkeep that were under way', async () => {
  const { promise: answer, resolve } = Promise.withResolvers<void>()
  const log: string[] = []
  const base = createMemoryAlertManagerStore()
  const { clock, manager } = createWorld({
    ...base,
    async prune(bound) {
      await answer
      log.push('pruned')
      return base.prune(bound)
    },
  })
  const ticking = manager.tick().then(() => log.push('ticked'))
  await clock.advance(0)
  const closing = manager.close().then(() => log.push('closed'))
  await clock.advance(0)
  expect(log).toEqual([])
  resolve()
  await Promise.all([ticking, closing])
  expect(log).toEqual(['pruned', 'ticked', 'closed'])
})

test('does nothing in a tick once it is closed', async () => {
  const calls: string[] = []
  const store = faulty(createMemoryAlertManagerStore(), ({ method }) => {
    calls.push(method)
    return undefined
  })
  const { team, manager } = createWorld(store)
  await manager.fire(alert)
  await manager.close()
  expect(await manager.tick()).toEqual({
    rounds: 0,
    errors: 0,
    delivered: 0,
    failed: 0,
    refused: 0,
  })
  expect(calls).toEqual(['put'])
  expect(team.notifications).toEqual([])
})
