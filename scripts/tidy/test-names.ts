import type { Rule } from './workspace.ts'

/** What a test is beside an ordinary one: of random input, or of a system over simulated time. */
const KINDS = new Set(['fuzz', 'simulation'])

/** Tests of one kind have one name, so that people and tools find them. */
export const testNames: Rule = (workspace) =>
  [...workspace.keys()].flatMap((file) => {
    const kind = /\.([^./]+)\.test\.ts$/.exec(file)?.[1]
    if (kind === undefined || KINDS.has(kind)) return []
    const message =
      'Name it `*.test.ts`, `*.fuzz.test.ts` for random input, or `*.simulation.test.ts`.'
    return [{ file, line: 1, rule: 'test-names', message }]
  })
