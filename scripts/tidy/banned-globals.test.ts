import { expect, it } from 'vitest'

import { bannedGlobals } from './banned-globals.ts'
import { sampleWorkspace } from './sample-workspace.ts'

const FILE = 'packages/core/src/retry/retry.ts'

it.each([
  'const now = Date.now()',
  'const now = new Date()',
  'const clock = Date',
  'const options = { Date }',
  'setTimeout(() => {}, 10)',
  'const timer: NodeJS.Timeout = setInterval(() => {}, 10)',
  'setImmediate(() => {})',
  'const chance = Math.random()',
  "const chance = Math['random']()",
  'const { random } = { random: Math.random }',
  'const id = crypto.randomUUID()',
  'const id = globalThis.crypto.randomUUID()',
  'const started = performance.now()',
  "console.log('hello')",
  'const home = process.env',
  'const signal = AbortSignal.timeout(10)',
  "import { randomBytes } from 'node:crypto'",
  "import { createHash, randomUUID } from 'node:crypto'",
  "import * as crypto from 'crypto'",
  "import { setTimeout } from 'node:timers/promises'",
  "const timers = await import('node:timers')",
  'const { setTimeout: wait } = globalThis',
  "const { ['setTimeout']: wait } = globalThis",
  'let wait; ({ setTimeout: wait } = globalThis)',
  'const everything = globalThis',
  'const wait = globalThis[name]',
  'const run = (process) => process(); const home = process.env',
  'const now = Date.now(); function wait() { const Date = 3; return Date }',
  'for (const console of []) {} console.log(1)',
  'const make = function Date() {}; const now = Date.now()',
])('refuses `%s`', (code) => {
  const problems = bannedGlobals(sampleWorkspace({ [FILE]: `\n${code}\n` }))
  expect(problems.length).toBeGreaterThan(0)
  expect(problems[0]).toMatchObject({ file: FILE, line: 2, rule: 'banned-globals' })
})

it.each([
  'export type Value = Date | string',
  'export const isDate = (value: unknown): value is Date => value instanceof Date',
  'export const read = (row: { Date: string }): string => row.Date',
  'export const state = { process: 1, console: 2 }',
  'export const run = (process: () => void): void => process()',
  "import { createHash } from 'node:crypto'",
  'export const largest = Math.max(1, 2)',
  'const performance = 3; export const twice = performance * 2',
  'export function wait(): number { try { return 1 } catch { var Date = 2 } return Date }',
  'export const run = (process = 1): (() => number) => () => process',
  'for (const process of [1]) { send(process) }',
  "import { console } from './x.ts'; console.log(1)",
  'const { process: [{ ...console }] } = row; export const all = { console }',
  'export const fetch = globalThis.fetch',
  '// console.log and Date.now() stand in a comment',
])('lets `%s` pass', (code) => {
  expect(bannedGlobals(sampleWorkspace({ [FILE]: code }))).toEqual([])
})

it.each([
  'packages/core/src/runtime/clock.ts',
  'packages/core/src/retry/retry.test.ts',
  'packages/core/src/retry/retry.bench.ts',
  'examples/audit/src/main.ts',
  'scripts/tidy.ts',
])('does not look at %s', (file) => {
  expect(bannedGlobals(sampleWorkspace({ [file]: 'console.log(Date.now())' }))).toEqual([])
})

it('lets test tools wait for the real macrotask', () => {
  const code = 'export const next = globalThis.setImmediate'
  expect(bannedGlobals(sampleWorkspace({ 'packages/core/src/testing/x.ts': code }))).toEqual([])
  expect(bannedGlobals(sampleWorkspace({ [FILE]: code }))).toHaveLength(1)
})
