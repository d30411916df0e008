import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { beforeAll, expect, test } from 'vitest'

import { createOperationsRules } from '../alert-rule-library/create-operations-rules.ts'
import { createOperationsDashboards } from './operations-dashboards.ts'
import { toGrafanaDashboard } from './to-grafana-dashboard.ts'

/**
 * Grafana publishes the schema of its dashboards as types: `@grafana/grafana-foundation-sdk`, which is
 * generated from it. The JSON that we write is given to the compiler as literals of these types, so
 * that it finds what is missing, of another type, outside of an enumeration, or not in the schema.
 * What a type cannot say is not looked at, nor whether a Grafana shows the panels as they are meant.
 */
const require = createRequire(import.meta.url)
const typesOf = (part: string): string =>
  JSON.stringify(require.resolve(`@grafana/grafana-foundation-sdk/${part}`))
const PRELUDE = `
import type { Dashboard } from ${typesOf('dashboard')}
import type { Dataquery } from ${typesOf('prometheus')}
import type { FieldConfig } from ${typesOf('timeseries')}

// With enumerations as JSON has them, as plain values, and without the methods that mark types.
type Json<Type> = unknown extends Type
  ? Type
  : Type extends string
    ? \`\${Type}\`
    : Type extends readonly (infer Item)[]
      ? Json<Item>[]
      : Type extends object
        ? { [Key in keyof Type as Key extends \`_implements\${string}\` ? never : Key]: Json<Type[Key]> }
        : Type
`

const dashboards = createOperationsDashboards({ rules: createOperationsRules() }).map((dashboard) =>
  toGrafanaDashboard(dashboard),
)
const [overview] = dashboards as [(typeof dashboards)[number]]
const [panel] = overview.panels as [(typeof overview.panels)[number]]

/** What is as it should be, and what must be found to be wrong. */
const literals: readonly (readonly [title: string, type: string, json: unknown])[] = [
  ...dashboards.map((each) => [each.title, 'Json<Dashboard>', each] as const),
  ...dashboards.map(({ title, panels }) => {
    const queries = panels.flatMap(({ targets }) => targets)
    return [`queries of ${title}`, 'Json<Dataquery>[]', queries] as const
  }),
  ...dashboards.map(({ title, panels }) => {
    const custom = panels.map(({ fieldConfig }) => fieldConfig.defaults.custom)
    return [`lines of ${title}`, 'Json<FieldConfig>[]', custom] as const
  }),
]
const mistakes: typeof literals = [
  ['a number for a text', 'Json<Dashboard>', { ...overview, refresh: 30 }],
  ['a name that is not there', 'Json<Dashboard>', { ...overview, refreshes: '30s' }],
  ['no version', 'Json<Dashboard>', { ...overview, schemaVersion: undefined }],
  ['another mode', 'Json<Dashboard>', withThresholds({ mode: 'relative', steps: [] })],
  [
    'a step without a color',
    'Json<Dashboard>',
    withThresholds({ mode: 'absolute', steps: [{ value: 1 }] }),
  ],
  [
    'half a place',
    'Json<Dashboard>',
    { ...overview, panels: [{ ...panel, gridPos: { h: 8, w: 12 } }] },
  ],
  ['a query without an expression', 'Json<Dataquery>[]', [{ refId: 'A' }]],
  ['a query misspelt', 'Json<Dataquery>[]', [{ expr: 'up', legend: 'up' }]],
  ['a line of another kind', 'Json<FieldConfig>[]', [{ thresholdsStyle: { mode: 'wavy' } }]],
]

/** Which of the literals the compiler found fault with. */
const refused = new Set<string>()
let output = ''

beforeAll(async () => {
  const all = [...literals, ...mistakes]
  const lines = all.map(
    ([, type, json], index) => `export const literal${index}: ${type} = ${JSON.stringify(json)}`,
  )
  // JSON has no `undefined`, and a literal on one line has its faults on that line.
  output = await compile(`${PRELUDE}${lines.join('\n')}\n`)
  const offset = PRELUDE.split('\n').length
  for (const [, line] of output.matchAll(/literals\.ts\((\d+),\d+\)/g)) {
    refused.add(all[Number(line) - offset]?.[0] ?? `line ${line}`)
  }
}, 60_000)

test.each(literals.map(([title]) => title))(
  '%s is what the schema of Grafana asks for',
  (title) => {
    expect(refused.has(title), output).toBe(false)
  },
)

test.each(mistakes.map(([title]) => title))('%s would be found', (title) => {
  expect(refused, output).toContain(title)
})

test('the compiler has nothing else to say', () => {
  expect(refused.size, output).toBe(mistakes.length)
})

function withThresholds(thresholds: unknown): unknown {
  const { defaults } = panel.fieldConfig
  const fieldConfig = { ...panel.fieldConfig, defaults: { ...defaults, thresholds } }
  return { ...overview, panels: [{ ...panel, fieldConfig }] }
}

async function compile(source: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-grafana-'))
  try {
    const file = join(folder, 'literals.ts')
    await writeFile(file, source)
    const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc')
    const options = [
      '--strict',
      '--noEmit',
      '--skipLibCheck',
      '--module',
      'preserve',
      '--pretty',
      'false',
    ]
    return await new Promise((resolve) => {
      execFile(process.execPath, [tsc, ...options, file], { cwd: folder }, (_, stdout, stderr) => {
        resolve(stdout + stderr)
      })
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}
