import { expect, test } from 'vitest'

import type { AlertChannel } from '../alerts/alert-channel.ts'
import type { AlertNotification } from '../alerts/alert-notification.ts'
import { createTestClock } from '../testing/test-clock.ts'
import { gateChannels } from './delivery-gate.ts'

/** A channel that delivers when it is told to, behind a gate for two with room for two more. */
function createWorld(given: Partial<AlertChannel> = {}) {
  const clock = createTestClock()
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const channel: AlertChannel = {
    kind: 'test',
    async deliver({ id }) {
      begun.push(id)
      const { promise, resolve } = Promise.withResolvers<void>()
      ends.set(id, resolve)
      await promise
    },
    ...given,
  }
  const bounds = { placesMax: 2, waitingMax: 2, waitMaxMs: 1_000, clock }
  const gated = gateChannels(
    new Map([
      ['team', channel],
      ['lead', channel],
      ['boss', { ...channel }],
    ]),
    bounds,
  )
  return {
    clock,
    begun,
    gated,
    end: (id: string) => ends.get(id)?.(),
    deliver: async (id: string, receiver = 'team', { signal } = new AbortController()) => {
      const notification = { id } as AlertNotification
      await gated.get(receiver)?.deliver(notification, { signal })
    },
  }
}

const POSTPONED = {
  code: 'ALERT_DELIVERY_FAILED',
  reason: 'too-many-waiting',
  mayHaveArrived: false,
}

test('lets so many deliveries pass as there are places, and the others in their order', async () => {
  const { clock, begun, deliver, end } = createWorld()
  const delivered = ['a', 'b', 'c', 'd'].map((id) => deliver(id))
  await clock.advance(0)
  expect(begun).toEqual(['a', 'b'])
  end('b')
  await clock.advance(0)
  expect(begun).toEqual(['a', 'b', 'c'])
  end('c')
  end('a')
  await clock.advance(0)
  end('d')
  await Promise.all(delivered)
  expect([begun, clock.pending]).toEqual([['a', 'b', 'c', 'd'], 0])
})

test('sends away what finds no room to wait, or no place in time', async () => {
  const { clock, begun, deliver, end } = createWorld()
  const held = ['a', 'b'].map((id) => deliver(id))
  const waiting = ['c', 'd'].map((id) => expect(deliver(id)).rejects.toMatchObject(POSTPONED))
  await expect(deliver('e')).rejects.toMatchObject(POSTPONED)
  await clock.advance(1_000)
  await Promise.all(waiting)
  end('a')
  end('b')
  await Promise.all(held)
  expect(begun).toEqual(['a', 'b'])

  // Nothing of them is left behind: there is room for two, and for two more.
  const later = ['f', 'g', 'h', 'i'].map((id) => deliver(id))
  await clock.advance(0)
  for (const id of ['f', 'g']) end(id)
  await clock.advance(0)
  for (const id of ['h', 'i']) end(id)
  await Promise.all(later)
})

test('frees the place of a delivery that fails, and of one that does not heed its abort', async () => {
  const controller = new AbortController()
  const { promise: lateAnswer, resolve: answerLate } = Promise.withResolvers<void>()
  const { clock, begun, deliver } = createWorld({
    async deliver({ id }) {
      begun.push(id)
      if (id === 'fails') throw new Error('No.')
      await lateAnswer
      if (id !== 'hangs') await new Promise(() => {})
    },
  })
  await expect(deliver('fails')).rejects.toThrow('No.')
  void deliver('hangs', 'team', controller)
  void deliver('hangs too')
  void deliver('waits')
  void deliver('waits too')
  await clock.advance(0)
  expect(begun).toEqual(['fails', 'hangs', 'hangs too'])
  controller.abort()
  await clock.advance(0)
  expect(begun.slice(3)).toEqual(['waits'])
  // Its place is another's by now, and is not freed twice.
  answerLate()
  await clock.advance(0)
  expect(begun.slice(3)).toEqual(['waits'])
})

test('is shared by receivers of one channel, and by no others', async () => {
  const { clock, begun, deliver } = createWorld()
  void deliver('a', 'team')
  void deliver('b', 'lead')
  void deliver('c', 'lead')
  void deliver('d', 'boss')
  await clock.advance(0)
  expect(begun).toEqual(['a', 'b', 'd'])
})

test('leaves all else of a channel as it is', () => {
  const { gated } = createWorld({ kind: 'slack', showsAcknowledgements: true })
  expect(gated.get('team')).toMatchObject({ kind: 'slack', showsAcknowledgements: true })
})
