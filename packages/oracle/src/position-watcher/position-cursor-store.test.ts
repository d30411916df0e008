import { expect, test } from 'vitest'

import { positionCursorStoreContract } from '../testing/position-cursor-store-contract.ts'
import { createMemoryPositionCursorStore } from './position-cursor-store.ts'

test.each(positionCursorStoreContract)('contract: $name', async ({ run }) => {
  await expect(run(createMemoryPositionCursorStore())).resolves.toBeUndefined()
})
