import { expect, test } from 'vitest'

import { isConcurrencyFailure } from './is-concurrency-failure.ts'

test.each([
  [true, Object.assign(new Error('could not serialize access'), { code: '40001' })],
  [true, Object.assign(new Error('deadlock detected'), { code: '40P01' })],
  [false, Object.assign(new Error('the commit may have happened'), { code: '40003' })],
  [false, Object.assign(new Error('duplicate key'), { code: '23505' })],
  [false, Object.assign(new Error('a number'), { code: 40001 })],
  [false, new Error('40001')],
  [false, '40001'],
  [false, null],
  [false, undefined],
])('is %s for %o', (expected, error) => {
  expect(isConcurrencyFailure(error)).toBe(expected)
})
