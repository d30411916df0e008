import { expect, it } from 'vitest'

import { errorCodes } from './error-codes.ts'
import { sampleWorkspace } from './sample-workspace.ts'

const SOURCE = 'packages/core/src/x/x.ts'
const CONSTANT = { 'packages/core/src/failed.ts': "export const FAILED = 'CALL_FAILED'" }

it.each([
  "throw new AssayError('CALL_FAILED', { message: 'x' })",
  "throw new OracleError('CALL_FAILED')",
  "class CallError extends AssayError { constructor() { super('CALL_FAILED', {}) } }",
  "throw new AssayError(late ? 'CALL_FAILED' : 'CALL_LATE', {})",
  "const CODE = 'CALL_FAILED' as const; throw new AssayError(CODE, {})",
  "import { FAILED as CODE } from '../failed.ts'; throw new AssayError(CODE, {})",
])('finds the code of `%s`', (code) => {
  const docs = '# Errors\n\n## CALL_LATE\n'
  const problems = errorCodes(
    sampleWorkspace({
      ...CONSTANT,
      [SOURCE]: `\n${code}`,
      'packages/core/src/y.ts': "new AssayError('CALL_LATE')",
      'docs/errors.md': docs,
    }),
  )
  expect(problems).toMatchObject([{ file: SOURCE, line: 2, rule: 'error-codes' }])

  const mended = `${docs}\n## CALL_FAILED\n`
  expect(
    errorCodes(
      sampleWorkspace({
        ...CONSTANT,
        [SOURCE]: code,
        'packages/core/src/y.ts': "new AssayError('CALL_LATE')",
        'docs/errors.md': mended,
      }),
    ),
  ).toEqual([])
})

it.each([
  'throw new AssayError(code, {})',
  "let code = 'CALL_FAILED'; throw new AssayError(code, {})",
  "throw new AssayError(late ? 'CALL_LATE' : code, {})",
  "throw new AssayError('call failed', {})",
  'class CallError extends AssayError { constructor(code) { super(code, {}) } }',
  "import { missing } from '../failed.ts'; throw new AssayError(missing, {})",
])('refuses `%s`, whose code cannot be told', (code) => {
  const files = { ...CONSTANT, [SOURCE]: `\n${code}`, 'docs/errors.md': '## CALL_LATE\n' }
  const problems = errorCodes(sampleWorkspace(files))
  expect(problems).toContainEqual(expect.objectContaining({ file: SOURCE, line: 2 }))
})

it('lets an error take other things first that is built on one of ours', () => {
  const code = 'class OptionError extends InvalidOptionError { constructor(a) { super(a, {}) } }'
  expect(errorCodes(sampleWorkspace({ [SOURCE]: code }))).toEqual([])
})

it('finds a heading that no package throws', () => {
  const problems = errorCodes(
    sampleWorkspace({ 'docs/errors.md': '# Errors\n\n## NEVER_THROWN\n' }),
  )
  expect(problems).toMatchObject([{ file: 'docs/errors.md', line: 3 }])
})

it('ignores tests, and errors that are not ours', () => {
  const problems = errorCodes(
    sampleWorkspace({
      [SOURCE]: "throw new TypeError('not a code')",
      'packages/core/src/x/x.test.ts': "new AssayError('MADE_UP', {})",
    }),
  )
  expect(problems).toEqual([])
})
