import { join } from 'node:path'

import { expect, it } from 'vitest'

import { checkDocumentedCode } from './documented-code.ts'
import { sampleWorkspace } from './sample-workspace.ts'
import type { Problem } from './workspace.ts'

const ROOT = join(import.meta.dirname, '../..')
const IMPORT = "import { createSequentialId } from '@assay/core/testing'"

function check(files: Readonly<Record<string, string>>): Promise<Problem[]> {
  return checkDocumentedCode(ROOT, sampleWorkspace(files))
}

function readme(...code: readonly string[]): Readonly<Record<string, string>> {
  return { 'packages/core/README.md': ['# Core', '', '```ts', ...code, '```', ''].join('\n') }
}

it('is content with code that compiles, runs and prints what it promises', async () => {
  const code = [
    IMPORT,
    "const createId = createSequentialId('a')",
    'for (let at = 0; at < 2; at += 1) console.log(createId()) // a-1 a-2',
    'console.log({',
    '  createId: await Promise.resolve(createId()),',
    "}) // { createId: 'a-3' }",
  ]
  expect(await check(readme(...code))).toEqual([])
})

it('names the line of a promise that is not kept', async () => {
  expect(await check(readme('console.log(1) // 1', 'console.log(2) // 3'))).toEqual([
    {
      file: 'packages/core/README.md',
      line: 5,
      rule: 'documented-code',
      message: 'The comment promises `3`, and the code prints `2`.',
    },
  ])
})

it('takes the comments that end a block for all that it prints', async () => {
  const code = ["for (const each of ['a', 'b']) console.log(each)", '// a', '// c']
  expect(await check(readme(...code))).toMatchObject([
    { line: 6, message: 'The comment promises `a c`, and the code prints `a b`.' },
  ])
  expect(await check(readme(...code.slice(0, 2), '// b'))).toEqual([])
})

it('takes the comment lines below what prints for what it prints', async () => {
  const code = [
    'console.log(1) // 1',
    'console.log(2)',
    '// 3',
    'console.log(4, 5) // 4',
    '// 5',
    'for (const each of [6, 7]) {',
    '  console.log(each)',
    '}',
    '// 6',
    '// 8',
    '',
    '// This is about what comes, and promises nothing.',
    'console.log(9) // 9',
  ]
  expect(await check(readme(...code))).toMatchObject([
    { line: 6, message: 'The comment promises `3`, and the code prints `2`.' },
    { line: 13, message: 'The comment promises `6 8`, and the code prints `6 7`.' },
  ])
})

it('takes the comments that end a block for all that no other comment is about', async () => {
  const code = [
    'console.log(1) // 1',
    'console.log(2)',
    'console.log(3) // 3',
    'await null',
    '// 4',
  ]
  expect(await check(readme(...code))).toMatchObject([
    { line: 8, message: 'The comment promises `4`, and the code prints `2`.' },
  ])
})

it('reports an example that throws, and one that never ends its wait', async () => {
  const thrown = await check(readme("throw new RangeError('too far')"))
  expect(thrown).toMatchObject([{ line: 4, message: expect.stringContaining('too far') }])
  const waiting = await check(readme('await new Promise(() => {})'))
  expect(waiting).toMatchObject([{ line: 4, message: expect.stringContaining('it ended with 13') }])
})

it('type-checks an `@example`, and reports the line in the source file', async () => {
  const source = [
    '/**',
    ' * A thing.',
    ' *',
    ' * @example',
    ' * ```ts',
    ` * ${IMPORT}`,
    ' * const id: number = createSequentialId()()',
    ' * ```',
    ' */',
    'export const x = 1',
  ]
  const problems = await check({ 'packages/core/src/x.ts': source.join('\n') })
  expect(problems).toMatchObject([
    { file: 'packages/core/src/x.ts', line: 7, message: expect.stringContaining('TS2322') },
  ])
})

it('type-checks a block marked no-run, and does not run it', async () => {
  const block = (code: string): string => `\`\`\`ts no-run\n${code}\n\`\`\`\n`
  expect(await check({ 'README.md': block("throw new Error('never run')") })).toEqual([])
  expect(await check({ 'docs/x.md': block('const a: string = 1') })).toMatchObject([
    { file: 'docs/x.md', line: 2, message: expect.stringContaining('TS2322') },
  ])
})

it('refuses an `@example` that cannot be run', async () => {
  const source = '/**\n * A thing.\n *\n * @example x()\n */\nexport const x = 1'
  expect(await check({ 'packages/core/src/x.ts': source })).toMatchObject([{ line: 1 }])
})
