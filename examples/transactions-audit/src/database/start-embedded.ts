import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { fromPglite } from '@assay/core/postgres'
import { PGlite } from '@electric-sql/pglite'

import type { AuditDatabase } from './open-database.ts'

/** Starts PGlite in a folder of its own: in memory it would grow with the file that is audited. */
export async function startEmbedded(): Promise<AuditDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-audit-'))
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    const pglite = await PGlite.create({ dataDir: folder, relaxedDurability: true })
    return {
      client: fromPglite(pglite),
      close: () => pglite.close().finally(removeFolder),
    }
  } catch (error) {
    await removeFolder()
    throw error
  }
}
