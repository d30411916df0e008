import { expect, it } from 'vitest'

import { publicDocs } from './public-docs.ts'
import { sampleWorkspace } from './sample-workspace.ts'

function check(declarations: string, index = "export { x } from './x.ts'"): unknown {
  return publicDocs(
    sampleWorkspace({
      'packages/core/src/index.ts': index,
      'packages/core/src/x.ts': declarations,
    }),
  )
}

it.each([
  'export const x = 1',
  '// a remark is no doc comment\nexport const x = 1',
  '/** Says something of y. */\nexport const y = 2\n\nexport function x(): void {}',
  '/** */\nexport class x {}',
  '/**\n * @param a first\n */\nexport function x(a: number): void {}',
])('refuses a public name without a summary: %j', (declarations) => {
  expect(check(declarations)).toMatchObject([
    { file: 'packages/core/src/x.ts', rule: 'public-docs' },
  ])
})

it.each([
  '/** What x is. */\nexport const x = 1',
  '/**\n * What x is.\n *\n * @param a first\n */\nexport function x(a: number): void {}',
  '/** What x is. */\nexport interface x { a: 1 }',
  '/** What x is. */\nexport abstract class x {}',
  '/** What x is. */\nexport function x(a: 1): 1\nexport function x(a: 2): 2\nexport function x() {}',
])('is content with %j', (declarations) => {
  expect(check(declarations)).toEqual([])
})

it('looks at types and renamed exports, and not at what stays inside', () => {
  const index = "export { type Inner as Outer } from './x.ts'"
  const declarations = 'export type Inner = 1\nexport const inside = 2'
  expect(check(declarations, index)).toMatchObject([
    { line: 1, message: expect.stringContaining('`Inner`') },
  ])
})

it('wants a name to come from where it is declared', () => {
  expect(check("export { x } from './y.ts'")).toMatchObject([
    { message: expect.stringContaining('not exported where it is declared') },
  ])
})
