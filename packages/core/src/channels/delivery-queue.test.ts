import { expect, it } from 'vitest'

import type { Clock } from '../runtime/clock.ts'
import { createTestClock } from '../testing/test-clock.ts'
import { createDeliveryQueue, type DeliveryQueue } from './delivery-queue.ts'

const never = new AbortController().signal

function createQueue({ intervalMs = 1_000, waitingMax = 10 } = {}) {
  const clock = createTestClock()
  return { clock, queue: createDeliveryQueue({ intervalMs, waitingMax, clock }) }
}

/** Enters the queue and notes the moment at which it was let through. */
async function enter(queue: DeliveryQueue, log: string[], name: string, clock: Clock) {
  if (await queue.turn(never)) log.push(`${name}@${clock.monotonic()}`)
  else log.push(`${name} refused`)
}

it('lets the first pass at once and the others in order, an interval apart', async () => {
  const { clock, queue } = createQueue()
  const log: string[] = []
  for (const name of ['a', 'b', 'c']) void enter(queue, log, name, clock)
  await clock.advance(5_000)
  expect(log).toEqual(['a@0', 'b@1000', 'c@2000'])
  expect(clock.pending).toBe(0)
  await enter(queue, log, 'd', clock)
  expect(log.at(-1)).toBe('d@5000')
})

it('holds everyone for the pause that the other side asks for', async () => {
  const { clock, queue } = createQueue()
  const log: string[] = []
  queue.holdFor(30_000)
  for (const name of ['a', 'b']) void enter(queue, log, name, clock)
  await clock.advance(10_000)
  queue.holdFor(40_000)
  await clock.advance(60_000)
  expect(log).toEqual(['a@50000', 'b@51000'])
})

it('refuses the one that would be too many, and takes others once there is room', async () => {
  const { clock, queue } = createQueue({ waitingMax: 2 })
  const log: string[] = []
  for (const name of ['a', 'b', 'c', 'd']) void enter(queue, log, name, clock)
  await clock.advance(0)
  expect(log).toEqual(['d refused', 'a@0'])
  await clock.advance(2_000)
  void enter(queue, log, 'e', clock)
  await clock.advance(1_000)
  expect(log).toEqual(['d refused', 'a@0', 'b@1000', 'c@2000', 'e@3000'])
})

it('gives the place of one that gives up to the next, and leaves no timer behind', async () => {
  const { clock, queue } = createQueue()
  await queue.turn(never)
  const leaving = Array.from({ length: 9 }, () => new AbortController())
  const left = leaving.map(({ signal }) => queue.turn(signal).catch((reason: unknown) => reason))
  const log: string[] = []
  void enter(queue, log, 'patient', clock)
  for (const each of leaving) each.abort('enough')
  expect(await Promise.all(left)).toEqual(leaving.map(() => 'enough'))
  await clock.advance(1_000)
  expect(log).toEqual(['patient@1000'])

  const last = new AbortController()
  const waiting = queue.turn(last.signal).catch(() => 'gone')
  await clock.advance(1)
  expect(clock.pending).toBe(1)
  last.abort()
  expect(await waiting).toBe('gone')
  expect(clock.pending).toBe(0)
})

it('does not let in whoever has given up already', async () => {
  const { queue } = createQueue()
  await expect(queue.turn(AbortSignal.abort('too late'))).rejects.toBe('too late')
})
