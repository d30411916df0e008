import { expect, it } from 'vitest'

import { metricDocs } from './metric-docs.ts'
import { sampleWorkspace } from './sample-workspace.ts'
import type { Problem } from './workspace.ts'

const SOURCE = 'packages/core/src/retry/retry-metrics.ts'
const CONSTANT = "export const RETRY_ATTEMPTS_TOTAL = 'retry_attempts_total'"
const COMMENT = '/** Counter by `operation` and `outcome` (see {@link Outcome}): attempts. */'
const ROW = '| `retry_attempts_total` | counter | `operation`, `outcome` | attempts | Attempts. |'

function check(source: string, docs: string, file = SOURCE): readonly Problem[] {
  return metricDocs(sampleWorkspace({ [file]: source, 'docs/metrics.md': docs }))
}

it('is content with a constant and its row', () => {
  expect(check(`${COMMENT}\n${CONSTANT}`, ROW)).toEqual([])
  const lines = [
    '/**',
    ' * Histogram in seconds by `operation`,',
    ' * `outcome`: how',
    ' * long.',
    ' */',
  ]
  expect(check([...lines, CONSTANT].join('\n'), ROW.replace('counter', 'histogram'))).toEqual([])
})

it('finds a metric without a row, wherever it is named', () => {
  const found = { line: 2, message: expect.stringContaining('needs a row') }
  expect(check(`${COMMENT}\n${CONSTANT}`, '')).toMatchObject([{ ...found, file: SOURCE }])
  const elsewhere = 'packages/core/src/retry/retry.ts'
  expect(check(`${COMMENT}\n${CONSTANT}`, '', elsewhere)).toMatchObject([found])
  expect(check(CONSTANT, '', elsewhere)).toEqual([])
})

it('finds a row without a metric', () => {
  expect(check('', `# Metrics\n${ROW}`)).toMatchObject([{ file: 'docs/metrics.md', line: 2 }])
})

it.each([
  ['counter', 'gauge'],
  ['`operation`, `outcome`', '`operation`'],
  ['`operation`, `outcome`', ''],
])('finds a row that says otherwise: not %s but %s', (right, wrong) => {
  const problems = check(`${COMMENT}\n${CONSTANT}`, ROW.replace(right, wrong))
  expect(problems).toMatchObject([{ file: 'docs/metrics.md', line: 1 }])
})

it('wants to be told what a metric counts', () => {
  expect(check(`/** Attempts. */\n${CONSTANT}`, ROW)).toMatchObject([{ file: SOURCE, line: 2 }])
  expect(check(CONSTANT, ROW)).toMatchObject([{ file: SOURCE, line: 1 }])
})
