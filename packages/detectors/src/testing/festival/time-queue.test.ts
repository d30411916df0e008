import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { createTimeQueue } from './time-queue.ts'

test('hands entries out by time, and those of one moment as they came in', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
      const queue = createTimeQueue<number>()
      times.forEach((at, n) => queue.push(at, n))
      const expected = times.map((_, n) => n).sort((a, b) => times[a]! - times[b]! || a - b)
      const taken = times.map(() => queue.pop())
      expect(taken).toEqual(expected)
      expect([queue.size, queue.nextAt, queue.pop()]).toEqual([0, Infinity, undefined])
    }),
  )
})

test('takes in entries between those that it hands out', () => {
  const queue = createTimeQueue<string>()
  queue.push(5, 'fifth')
  queue.push(1, 'first')
  expect([queue.nextAt, queue.pop()]).toEqual([1, 'first'])
  queue.push(3, 'third')
  expect([queue.pop(), queue.pop()]).toEqual(['third', 'fifth'])
})
