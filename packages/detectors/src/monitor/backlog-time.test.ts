import { createSeededRandom } from '@assay/core/testing'
import { expect, test } from 'vitest'

import { createBacklogTime } from './backlog-time.ts'

/** Times of events, one a second. */
function seconds(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => (from + index) * 1_000)
}

test('cannot be told from few events', () => {
  expect(createBacklogTime().note(seconds(0, 500))).toBeNull()
})

test('is the median of the last 501 events, however they are cut into pages', () => {
  const time = createBacklogTime()
  expect(time.note(seconds(0, 501))).toBe(250_000)
  expect(time.note(seconds(501, 10))).toBe(260_000)
  expect(time.note(seconds(511, 5_000))).toBe(5_260_000)
})

test('is not moved by fewer than half of them', () => {
  const time = createBacklogTime()
  const skewed = Array.from({ length: 200 }, () => 9_000_000_000)
  expect(time.note([...seconds(0, 301), ...skewed])).toBe(250_000)
})

test('never goes back', () => {
  const time = createBacklogTime()
  time.note(seconds(5_000, 501))
  expect(time.note(seconds(0, 3_000))).toBe(5_250_000)
})

test('never leaves more than 10,000 events ahead, though a log has its times mixed', () => {
  const random = createSeededRandom(1)
  const time = createBacklogTime()
  const all: number[] = []
  for (let page = 0; page < 200; page += 1) {
    // Two logs became one: of every ten events four are a year ahead of the others.
    const times = seconds(page * 1_000, 1_000).map((at) =>
      random() < 0.4 ? at + 31_536_000_000 : at,
    )
    all.push(...times)
    const reached = time.note(times)
    if (reached === null) continue
    expect(all.filter((at) => at > reached).length).toBeLessThanOrEqual(10_000)
  }
})
