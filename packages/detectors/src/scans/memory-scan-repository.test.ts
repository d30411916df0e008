import { expect, test } from 'vitest'

import { scanRepositoryContract } from '../testing/scan-repository-contract.ts'
import { createMemoryScanRepository } from './memory-scan-repository.ts'
import type { ScanInput } from './scan.ts'

test.each(scanRepositoryContract)('contract: $name', async ({ run }) => {
  const result = run(async (scans) => createMemoryScanRepository(scans))
  await expect(result).resolves.toBeUndefined()
})

test('hands out what does not parse, for the reader to set aside', async () => {
  const rows = [null, { scanId: 's' }, {}] as unknown as ScanInput[]
  const read = await createMemoryScanRepository(rows).readSnapshot(
    async (batches) => {
      const all: ScanInput[] = []
      for await (const batch of batches) all.push(...batch)
      return all
    },
    { batchSize: 2 },
  )
  expect(read).toEqual(rows)
})
