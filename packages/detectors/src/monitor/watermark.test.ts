import { expect, test } from 'vitest'

import { momentOf, nextWatermark, type WatermarkFacts } from './watermark.ts'

const facts: WatermarkFacts = {
  before: null,
  backlogTime: null,
  completeUpTo: null,
  now: 100_000,
  allowedLatenessMs: 1_000,
}

test('is unknown while nothing is', () => {
  expect(nextWatermark(facts)).toBeNull()
})

test('follows the events of a backlog, a lateness behind, and a millisecond for ties', () => {
  expect(nextWatermark({ ...facts, backlogTime: 50_000 })).toBe(48_999)
})

test('follows the clock once the source is read, exactly as far as it is complete', () => {
  expect(nextWatermark({ ...facts, completeUpTo: 100_000 })).toBe(98_999)
  expect(nextWatermark({ ...facts, completeUpTo: 70_000, backlogTime: 50_000 })).toBe(68_999)
  expect(nextWatermark({ ...facts, completeUpTo: 70_000, backlogTime: 90_000 })).toBe(68_999)
})

test('is not carried away by events from the future', () => {
  expect(nextWatermark({ ...facts, backlogTime: 150_000 })).toBe(98_999)
})

test('never goes back', () => {
  expect(nextWatermark({ ...facts, before: 60_000, backlogTime: 50_000 })).toBe(60_000)
  expect(nextWatermark({ ...facts, before: 60_000, completeUpTo: 0 })).toBe(60_000)
  expect(nextWatermark({ ...facts, before: 60_000 })).toBe(60_000)
})

test('is brought by the clock at a moment that can be told before', () => {
  const now = momentOf(98_999, facts)
  expect(nextWatermark({ ...facts, now, completeUpTo: now })).toBe(98_999)
  expect(nextWatermark({ ...facts, now, completeUpTo: now - 1 })).toBe(98_998)
  expect(momentOf(Infinity, facts)).toBe(Infinity)
})
