import { lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openLineFile } from './open-line-file.ts'

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

  it('leaves the file as it was until it is closed, and when it is discarded', async () => {
    const path = join(folder, 'out')
    await writeFile(path, 'old')

    const file = await openLineFile(path)
    for (let line = 0; line < 10_000; line += 1) await file.write(`line ${line}`)
    expect(await readFile(path, 'utf8')).toBe('old')
    await file.discard()

    expect(await readFile(path, 'utf8')).toBe('old')
    expect(await readdir(folder)).toEqual(['out'])
  })

  it('lets two write to one file, of which the last to close stays', async () => {
    const path = join(folder, 'out')
    const [first, second] = [await openLineFile(path), await openLineFile(path)]
    await first.write('first')
    await second.write('second')
    await second.close()
    await first.close()

    expect(await readFile(path, 'utf8')).toBe('first\n')
    expect(await readdir(folder)).toEqual(['out'])
  })

  it('writes to the file behind a link, and keeps the link', async () => {
    await writeFile(join(folder, 'out'), 'old')
    await symlink('out', join(folder, 'link'))

    const file = await openLineFile(join(folder, 'link'))
    await file.write('new')
    await file.close()

    expect(await readFile(join(folder, 'out'), 'utf8')).toBe('new\n')
    expect((await lstat(join(folder, 'link'))).isSymbolicLink()).toBe(true)
  })

  it('writes to a device as it is, and never removes it', async () => {
    for (const end of ['close', 'discard'] as const) {
      const file = await openLineFile('/dev/null')
      await file.write('line')
      await file[end]()
    }

    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true)
  })

  it('refuses a folder', async () => {
    await expect(openLineFile(folder)).rejects.toThrow('cannot be written: EISDIR.')
  })
})
