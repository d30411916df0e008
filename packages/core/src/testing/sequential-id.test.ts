import { expect, it } from 'vitest'

import { createSequentialId } from './sequential-id.ts'

it('counts from 1, with its prefix', () => {
  const [plain, alert] = [createSequentialId(), createSequentialId('alert')]
  expect([plain(), alert(), plain(), alert()]).toEqual(['id-1', 'alert-1', 'id-2', 'alert-2'])
})
