import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { PGlite } from '@electric-sql/pglite'

/**
 * An empty PGlite, in memory. Making its files anew takes seconds, so the first test to need them
 * keeps them for the others, in the system's temporary folder, under PGlite's version.
 */
export async function startPglite(): Promise<PGlite> {
  const saved = await readFile(await savedFiles()).catch(() => undefined)
  if (saved !== undefined) {
    return PGlite.create({ loadDataDir: new Blob([new Uint8Array(saved)]) })
  }
  const database = await PGlite.create()
  await save(await database.dumpDataDir('none'))
  return database
}

async function savedFiles(): Promise<string> {
  const folder = join(tmpdir(), `assay-tests-${process.getuid?.() ?? 'user'}`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const main = createRequire(import.meta.url).resolve('@electric-sql/pglite')
  const manifest = await readFile(join(dirname(main), '../package.json'), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  return join(folder, `pglite-${version}.tar`)
}

/** Whole or not at all: other test files may be reading, or saving their own, at this moment. */
async function save(files: Blob): Promise<void> {
  const target = await savedFiles()
  const draft = `${target}.${randomUUID()}`
  await writeFile(draft, new Uint8Array(await files.arrayBuffer()))
  await rename(draft, target)
}
