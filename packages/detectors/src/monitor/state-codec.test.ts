import fc from 'fast-check'
import { expect, test } from 'vitest'

import { decodeState, encodeState } from './state-codec.ts'

const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.bigInt())
const object = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), value, {
  noNullPrototype: true,
})

test('reads what it wrote, however many objects have the same keys', () => {
  const alike = fc
    .tuple(object, fc.array(value, { minLength: 20, maxLength: 20 }))
    .map(([first, values]) => values.map((a) => ({ ...first, a })))
  const list = fc.oneof(alike, fc.array(object, { maxLength: 20 }), fc.array(value))
  const state = fc.record({ list, map: fc.array(fc.tuple(fc.string(), list)) })
  fc.assert(
    fc.property(state, ({ list, map }) => {
      const kept = { list, map: new Map(map) }
      expect(decodeState(encodeState(kept))).toEqual(kept)
    }),
  )
})

test('writes the keys of many objects once', () => {
  const waiting = Array.from({ length: 1_000 }, (_, index) => ({ accountId: index, eventTime: 1 }))
  expect(encodeState({ waiting }).match(/accountId/g)).toHaveLength(1)
})

test('keeps a key without a value away, as JSON does', () => {
  const list = Array.from({ length: 20 }, (_, index) => ({ index, left: undefined }))
  expect(decodeState(encodeState(list))).toEqual(list.map(({ index }) => ({ index })))
  expect((decodeState(encodeState(list)) as object[])[0]).not.toHaveProperty('left')
})
