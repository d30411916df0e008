import { expect, it } from 'vitest'

import { sampleWorkspace } from './sample-workspace.ts'
import { testNames } from './test-names.ts'

it.each(['property', 'properties', 'spec'])('refuses `x.%s.test.ts`', (kind) => {
  const file = `packages/core/src/x/x.${kind}.test.ts`
  expect(testNames(sampleWorkspace({ [file]: '' }))).toMatchObject([{ file, line: 1 }])
})

it.each([
  'x.test.ts',
  'x.fuzz.test.ts',
  'x.simulation.test.ts',
  'x.test-d.ts',
  'x.bench.ts',
  'x.ts',
])('lets %s', (name) => {
  expect(testNames(sampleWorkspace({ [`packages/core/src/x/${name}`]: '' }))).toEqual([])
})
