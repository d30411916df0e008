import { expect, it } from 'vitest'

import { systemCreateId } from './create-id.ts'

it('makes version 4 UUIDs, each one new', () => {
  const ids = Array.from({ length: 1_000 }, systemCreateId)
  expect(new Set(ids).size).toBe(1_000)
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  }
})
