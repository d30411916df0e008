import { expect, it } from 'vitest'

import { folderNames } from './folder-names.ts'
import { sampleWorkspace } from './sample-workspace.ts'

it.each(['utils', 'util', 'helpers', 'helper', 'common', 'misc'])('refuses `%s/`', (name) => {
  const problems = folderNames(
    sampleWorkspace({
      [`packages/core/src/${name}/a.ts`]: '',
      [`packages/core/src/${name}/b.ts`]: '',
    }),
  )
  expect(problems).toHaveLength(1)
})

it('lets a file or a longer word pass', () => {
  const files = { 'packages/core/src/common-ground/x.ts': '', 'docs/misc.md': '' }
  expect(folderNames(sampleWorkspace(files))).toEqual([])
})
