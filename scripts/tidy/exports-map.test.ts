import { expect, it } from 'vitest'

import { exportsMap } from './exports-map.ts'
import { manifest, sampleWorkspace } from './sample-workspace.ts'

const MANIFEST = 'packages/core/package.json'
const good = manifest('core', ['.', './redis', './testing'])

function messagesFor(files: Readonly<Record<string, string>>): string[] {
  return exportsMap(sampleWorkspace(files)).map(({ message }) => message)
}

it('is content with a map that names files and is published as it is', () => {
  expect(messagesFor({})).toEqual([])
})

it('refuses a subpath without a file', () => {
  const messages = messagesFor({ 'packages/nft/package.json': manifest('nft', ['.']) })
  expect(messages).toEqual([expect.stringContaining('packages/nft/src/index.ts`, which is not')])
})

it('refuses an index file that no subpath names', () => {
  const messages = messagesFor({ 'packages/core/src/kafka/index.ts': '' })
  expect(messages).toEqual([expect.stringContaining('`./kafka` is not in the exports map')])
})

it.each([
  ['types that lie elsewhere', good.replace('./dist/redis/index.d.ts', './dist/redis.d.ts')],
  ['a missing source', good.replace('"@assay/source":"./src/redis/index.ts",', '')],
  [
    'types after the default, where they are never found',
    good.replace(/"types":("[^"]*"),"default":("[^"]*redis[^"]*")/, '"default":$2,"types":$1'),
  ],
])('refuses %s', (_, text) => {
  expect(text).not.toBe(good)
  expect(messagesFor({ [MANIFEST]: text })).toContainEqual(
    expect.stringContaining('`./redis` must be'),
  )
})

it('refuses to publish another map than the workspace uses', () => {
  const { publishConfig: _, ...rest } = JSON.parse(good) as Record<string, unknown>
  const text = JSON.stringify({ ...rest, publishConfig: {} })
  expect(messagesFor({ [MANIFEST]: text })).toEqual([expect.stringContaining('publishConfig')])
})

it('leaves private packages alone', () => {
  const text = JSON.stringify({ name: 'x', private: true, exports: { '.': './index.ts' } })
  expect(messagesFor({ 'packages/x/package.json': text })).toEqual([])
})
