import { expect, test } from 'vitest'

import type { Alert } from '../alerts/alert.ts'
import { createRecordingChannel } from '../testing/recording-channel.ts'
import { createTestClock } from '../testing/test-clock.ts'
import type { AlertManagerStore } from './alert-manager-store.ts'
import { createAlertManager } from './create-alert-manager.ts'
import { createMemoryAlertManagerStore } from './memory-alert-manager-store.ts'

const MINUTE = 60_000
const DAY = 1_440 * MINUTE

function alert(name: string): Alert {
  return { name, severity: 'high', labels: {}, summary: name, startsAt: 0, source: 'test' }
}

/** A manager with room for one alert, which has it. */
async function createFullManager(store: AlertManagerStore = createMemoryAlertManagerStore()) {
  const clock = createTestClock()
  const manager = createAlertManager({
    policy: { route: { receiver: 'team', groupWaitMs: 0 } },
    channels: { team: createRecordingChannel() },
    limits: { alerts: 1 },
    store,
    clock,
  })
  await manager.fire(alert('Kept'))
  const announced = () => manager.alerts({ matchers: ['alertname="AlertManagerAtCapacity"'] })
  return { clock, manager, announced }
}

test('announces what was dropped once the store takes the announcement', async () => {
  const base = createMemoryAlertManagerStore()
  let isDown = false
  const { clock, manager, announced } = await createFullManager({
    ...base,
    async put(changes, limits) {
      if (isDown) throw new Error('The store is down.')
      return base.put(changes, limits)
    },
  })
  await manager.fire(alert('Dropped'))
  isDown = true
  expect(await manager.tick()).toMatchObject({ errors: 1 })
  isDown = false
  await clock.advance(1_000)
  await manager.tick()
  expect(await announced()).toMatchObject([{ value: 1, startsAt: 0 }])
})

test('announces what is dropped while an announcement is under way', async () => {
  const base = createMemoryAlertManagerStore()
  let meanwhile: (() => Promise<unknown>) | undefined
  const { manager, announced } = await createFullManager({
    ...base,
    async put(changes, limits) {
      const isAnnouncement = changes.some((change) => 'isReserved' in change && change.isReserved)
      const drop = isAnnouncement ? meanwhile : undefined
      if (drop !== undefined) {
        meanwhile = undefined
        await drop()
      }
      return base.put(changes, limits)
    },
  })
  await manager.fire(alert('Dropped'))
  meanwhile = () => manager.fire(alert('DroppedMeanwhile'))
  await manager.tick()
  expect(await announced()).toMatchObject([{ value: 1 }])
  await manager.tick()
  expect(await announced()).toMatchObject([{ value: 2 }])
})

test('counts from the first drop on, while the alert fires', async () => {
  const { clock, manager, announced } = await createFullManager()
  await clock.advance(MINUTE)
  await manager.fire(alert('Dropped'))
  await manager.tick()
  await clock.advance(14 * MINUTE)
  await manager.fire(alert('Dropped'))
  await manager.tick()
  expect(await announced()).toMatchObject([{ value: 2, startsAt: MINUTE }])
})

test('counts anew, from its own beginning, after the alert has ended', async () => {
  const { clock, manager, announced } = await createFullManager()
  await manager.fire(alert('Dropped'))
  await manager.fire(alert('Dropped'))
  await manager.tick()
  expect(await announced()).toMatchObject([{ value: 2, startsAt: 0 }])
  await clock.advance(3 * DAY)
  await manager.tick()
  await manager.tick()

  await manager.fire(alert('Dropped'))
  await clock.advance(1_000)
  await manager.tick()
  const [again] = await announced()
  expect(again).toMatchObject({ value: 1, startsAt: 3 * DAY, status: 'firing' })
  expect(again?.summary).toContain('1 alert ')
})
