import { expect, test } from 'vitest'

import { createPageSize } from './page-size.ts'

const heavy = { isLast: false, isLight: false }
const light = { isLast: false, isLight: true }

test('is a quarter after each cycle that got through no page, down to one event', () => {
  const size = createPageSize(1_000)
  const limits = [1, 2, 3, 4, 5, 6].map(() => {
    size.aborted()
    return size.limit
  })
  expect(limits).toEqual([250, 62, 15, 3, 1, 1])
})

test('stays as it is while cycles get through at least one page', () => {
  const size = createPageSize(1_000)
  size.done(heavy)
  size.aborted()
  expect(size.limit).toBe(1_000)
  size.aborted()
  size.done(heavy)
  size.aborted()
  expect(size.limit).toBe(250)
})

test('grows again with pages that are easy, and at once when nothing is left', () => {
  const size = createPageSize(1_000)
  size.aborted()
  size.aborted()
  size.done(light)
  expect(size.limit).toBe(124)
  size.done({ isLast: true, isLight: false })
  expect(size.limit).toBe(1_000)
})
