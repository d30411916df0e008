import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

import type { Measurement } from './figure.ts'
import { figureFiles, loadFigure, suites } from './suites.ts'

/** What is printed for a figure. */
interface Line extends Measurement {
  readonly bench: string
  readonly figure: string
}

// `npm run bench -- core [figure] [--json]` measures the figures of one suite, each in a process of its
// own, and ends with the targets that were missed.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    child: { type: 'boolean', default: false },
  },
})
const [suite, only] = positionals

if (suite === undefined || !suites.includes(suite)) {
  console.error(`Name a suite: ${suites.join(', ')}. For instance: npm run bench -- core`)
  process.exitCode = 1
} else if (values.child) {
  await measureHere(suite, only ?? '')
} else {
  await runSuite(suite, only)
}

/** The child: one figure, printed as one line. */
async function measureHere(suite: string, file: string): Promise<void> {
  const { id, measure } = await loadFigure(suite, file)
  const measurement = await measure()
  const line: Line = { bench: suite, figure: id, ...measurement }
  console.log(
    JSON.stringify(line, (_, value) => (typeof value === 'number' ? round(value) : value)),
  )
}

async function runSuite(suite: string, only: string | undefined): Promise<void> {
  const missed: string[] = []
  let measured = 0
  for (const file of figureFiles(suite)) {
    const figure = await loadFigure(suite, file)
    if (only !== undefined && figure.id !== only) continue

    const line = measureInChild(suite, file, figure.nodeFlags)
    measured += 1
    console.log(values.json ? JSON.stringify(line) : describe(line))
    for (const { text, holds } of figure.targets) {
      if (!holds(line)) missed.push(`${figure.id}: ${text}`)
    }
  }
  if (measured === 0) {
    console.error(`${suite} has no figure ${only}; bench/README.md lists them.`)
    process.exitCode = 1
    return
  }
  const verdict = missed.length === 0 ? 'All targets are met.' : `Missed: ${missed.join('; ')}.`
  console.log(values.json ? JSON.stringify({ bench: suite, missed }) : verdict)
  // 2 as in the audit: it ran, and there is something to look at.
  if (missed.length > 0) process.exitCode = 2
}

function measureInChild(suite: string, file: string, nodeFlags: readonly string[] = []): Line {
  const flags = ['--expose-gc', '--conditions=@assay/source', ...nodeFlags]
  const { status, stdout } = spawnSync(
    process.execPath,
    [...flags, import.meta.filename, suite, file, '--child'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  )
  if (status !== 0) throw new Error(`${suite}/${file} could not be measured.`)
  return JSON.parse(stdout) as Line
}

function describe({ figure, value, unit, peers }: Line): string {
  const others = Object.entries(peers).map(([peer, its]) => `${peer} ${its.toLocaleString('en')}`)
  return `${figure.padEnd(26)} ${value.toLocaleString('en')} ${unit}   (${others.join(', ')})`
}

function round(value: number): number {
  return Number(value.toPrecision(4))
}
