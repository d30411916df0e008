import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openLineFile, removeFile } from './open-line-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-audit-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('openLineFile', () => {
  it('writes every line, in order, in place of what the file held', async () => {
    const path = join(folder, 'out')
    await writeFile(path, 'old')
    const lines = Array.from({ length: 10_000 }, (_, at) => `line ${at} é`)

    const file = await openLineFile(path)
    for (const line of lines) await file.write(line)
    await file.close()

    expect(await readFile(path, 'utf8')).toBe(`${lines.join('\n')}\n`)
  })

  it('takes a file back when it is discarded', async () => {
    const file = await openLineFile(join(folder, 'out'))
    await file.write('line')
    await file.discard()

    await expect(stat(join(folder, 'out'))).rejects.toThrow('ENOENT')
  })

  it('never removes a device, a folder or a link', async () => {
    await symlink('/dev/null', join(folder, 'link'))
    const file = await openLineFile('/dev/null')
    await file.discard()
    await removeFile(folder)
    await removeFile(join(folder, 'link'))

    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true)
    expect((await stat(join(folder, 'link'))).isCharacterDevice()).toBe(true)
  })
})
