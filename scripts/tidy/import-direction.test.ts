import { expect, it } from 'vitest'

import { importDirection } from './import-direction.ts'
import { sampleWorkspace } from './sample-workspace.ts'

function messagesFor(file: string, code: string): string[] {
  return importDirection(sampleWorkspace({ [file]: code })).map(({ message }) => message)
}

it.each([
  ['core importing a sibling', 'packages/core/src/x/x.ts', '@assay/oracle', 'no other sibling'],
  ['a sibling importing another', 'packages/oracle/src/x.ts', '@assay/exchange', 'other sibling'],
  ['a package importing itself', 'packages/core/src/x/x.ts', '@assay/core', 'relative'],
  ['a subpath that is not published', 'examples/a/src/x.ts', '@assay/core/retry', 'published'],
  ['an import of sources by name', 'examples/a/src/x.ts', '@assay/core/src/x.ts', 'published'],
  ['an unknown package', 'bench/x.ts', '@assay/unknown', 'no published package'],
  ['sources importing test servers', 'packages/core/src/x.ts', '@assay/test-servers', 'tests'],
  ['a host reaching inside', 'examples/a/src/x.ts', '../../../packages/core/src/x.ts', 'inside'],
  ['a sibling reaching inside', 'packages/oracle/src/x.ts', '../../core/src/x.ts', 'inside'],
  ['sources leaving their package', 'packages/core/src/x.ts', '../../../scripts/y.ts', 'not part'],
  ['a feature importing an adapter', 'packages/core/src/x/x.ts', '../redis/store.ts', 'src/redis'],
  ['the root index offering an adapter', 'packages/core/src/index.ts', './redis/s.ts', 'src/redis'],
  [
    'a feature importing test tools',
    'packages/core/src/x.ts',
    './testing/faulty.ts',
    'src/testing',
  ],
])('refuses %s', (_, file, specifier, expected) => {
  const statements = [
    `import { x } from '${specifier}'`,
    `import type { X } from '${specifier}'`,
    `export { x } from '${specifier}'`,
    `const x = await import('${specifier}')`,
  ]
  for (const statement of statements) {
    expect(messagesFor(file, statement), statement).toEqual([expect.stringContaining(expected)])
  }
})

it.each([
  ['a sibling importing core', 'packages/oracle/src/x.ts', '@assay/core'],
  ['a sibling importing a subpath of core', 'packages/oracle/src/x.ts', '@assay/core/redis'],
  ['an adapter importing a feature', 'packages/core/src/redis/store.ts', '../x/x.ts'],
  ['an adapter importing its own files', 'packages/core/src/redis/index.ts', './store.ts'],
  ['a test importing test tools', 'packages/core/src/x/x.test.ts', '../testing/clock.ts'],
  ['a test importing test servers', 'packages/core/src/x/x.test.ts', '@assay/test-servers'],
  ['a host importing any package', 'examples/a/src/x.ts', '@assay/exchange'],
  ['anything from npm', 'packages/core/src/x.ts', 'zod'],
])('lets %s pass', (_, file, specifier) => {
  expect(messagesFor(file, `import { x } from '${specifier}'`)).toEqual([])
})
