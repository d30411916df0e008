import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describePromtool } from '@assay/test-servers'
import { expect, it } from 'vitest'

import { createSeededRandom } from '../testing/seeded-random.ts'
import { formatYaml } from './format-yaml.ts'
import { compileMatches } from './label-match.ts'
import { faultOfPattern } from './label-pattern.ts'
import { formatSeries, toInputSeries } from './to-promtool-tests.ts'

const PATTERN_COUNT = 1_000

describePromtool('A pattern for a label', (promtool) => {
  it(`fits the same values in Prometheus, of ${PATTERN_COUNT} random ones`, async () => {
    const edge = promtool.major >= 3 ? 'left-open' : 'closed'
    const patterns = drawPatterns()
    let fitCount = 0
    const expectations = patterns.map((pattern) => {
      const fits = compileMatches({ x: { matches: pattern } }, edge)
      const labels = VALUES.filter((x) => fits({ x }))
      fitCount += labels.length
      return {
        expr: `m{x=~${JSON.stringify(pattern)}}`,
        eval_time: '0s',
        exp_samples: labels.map((x) => ({ labels: formatSeries('m', { x }), value: 1 })),
      }
    })
    // The comparison is worth something where many fit, and many do not.
    expect(fitCount).toBeGreaterThan(patterns.length / 2)
    expect(fitCount).toBeLessThan(patterns.length * VALUES.length * 0.8)

    const series = VALUES.map((x) => toInputSeries({ metric: 'm', labels: { x }, values: [1] }))
    const test = { interval: '1m', input_series: series, promql_expr_test: expectations }
    const folder = await mkdtemp(join(tmpdir(), 'assay-patterns-'))
    const file = join(folder, 'test.yml')
    await writeFile(file, formatYaml({ rule_files: [], evaluation_interval: '1m', tests: [test] }))
    const { exitCode, output } = await promtool.run('test', 'rules', file)
    await rm(folder, { recursive: true })
    expect(output.split('\n').slice(0, 40).join('\n')).toMatch(/SUCCESS/)
    expect(exitCode).toBe(0)
  })
})

const VALUES = [
  'a',
  'b',
  'ab',
  'aab',
  'abab',
  'a-b',
  'a]b',
  'a[:b',
  '[]',
  '^',
  '7',
  'a7',
  '.',
  '\\',
  '{2}',
  '(a)',
  ' ',
  'a\nb',
  'a\rb',
  'a\tb',
  'a\u2028b',
  'é',
  'ab🐢',
  'A',
  '_',
]

/** What patterns are made of, and what may be mistaken for it. */
const PARTS: readonly string[] = [
  'a b ab A 7 é 🐢 - : _ && = . . .* .+ | | ( ) (?: ) ^ $ (? (?i) (?<n>',
  '* + ? {2} {0,1} {1,} {,2} {2,1} {0} {1000} {1001} *? [ ] [^ [a-b] [^a] [] [^] []a] [^]a] [[]',
  String.raw`[[: [:alpha:] [\]] [a\-z] [\d_] [.^$] [b-a] [-a] [a-] [--/] [a-b-z] [\w-] [\w-z] [^\n] [[=a=]`,
]
  .flatMap((line) => line.split(' '))
  .concat(
    ' ',
    '\n',
    Array.from('dDwWsSbBnrtfvzAQEkpxuc0179/-.^$*+?()[]{}|\\"_ éa', (letter) => `\\${letter}`),
  )

/** Patterns that we take. */
function drawPatterns(): readonly string[] {
  const random = createSeededRandom(1)
  const patterns = new Set<string>()
  while (patterns.size < PATTERN_COUNT) {
    const length = 1 + Math.floor(random() * 5)
    const parts = Array.from({ length }, () => PARTS[Math.floor(random() * PARTS.length)]!)
    const pattern = parts.join('')
    if (faultOfPattern(pattern) === undefined) patterns.add(pattern)
  }
  return [...patterns]
}
