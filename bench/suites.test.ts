import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { median } from './interleave.ts'
import { figureFiles, loadFigure, suites } from './suites.ts'

const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')

test.each(suites)(
  'the README names every figure of %s with the targets that the code judges',
  async (suite) => {
    for (const file of figureFiles(suite)) {
      const { id, targets } = await loadFigure(suite, file)
      const row = readme.split('\n').find((line) => line.startsWith(`| \`${id}\` `))
      expect(row?.split('|').at(-2)?.trim(), id).toBe(targets.map(({ text }) => text).join('; '))
    }
  },
)

test('every folder beside the runner is a suite', () => {
  const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
  // Accuracy is measured too, by a command of its own.
  expect(folders.filter((name) => name !== 'node_modules' && name !== 'accuracy')).toEqual(suites)
})

test('the median of an even number of values is the mean of the two in the middle', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([3, 1, 2])).toBe(2)
})
