import { expect, it } from 'vitest'

import { sampleWorkspace } from './sample-workspace.ts'
import { starExports } from './star-exports.ts'

it.each([
  "export * from './x.ts'",
  "export type * from './x.ts'",
  "export * as money from './x.ts'",
])('refuses `%s`', (code) => {
  const file = 'packages/core/src/index.ts'
  const problems = starExports(sampleWorkspace({ [file]: `export { y } from './y.ts'\n${code}` }))
  expect(problems).toMatchObject([{ file, line: 2, rule: 'star-exports' }])
})
