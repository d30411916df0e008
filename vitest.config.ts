import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { defineConfig } from 'vitest/config'

const root = import.meta.dirname
const conditions = ['@assay/source']

/** One project for each folder that holds tests, named after it: `vitest --project core`. */
const projects = ['packages', 'examples']
  .flatMap((parent) => readdirSync(join(root, parent)).map((name) => ({ name, parent })))
  .filter(({ name, parent }) => existsSync(join(root, parent, name, 'src')))
  .map(({ name, parent }) => project(name, join(parent, name, 'src')))

projects.push(project('scripts', 'scripts'), project('bench', 'bench'))

function project(name: string, folder: string) {
  return {
    extends: true as const,
    test: {
      name,
      include: [`${folder}/**/*.test.ts`],
      typecheck: {
        enabled: existsSync(join(root, folder)) && folder.startsWith('packages/'),
        include: [`${folder}/**/*.test-d.ts`],
        tsconfig: './tsconfig.json',
      },
    },
  }
}

export default defineConfig({
  // Workspace packages resolve to their sources, so that tests never need a build.
  resolve: { conditions: [...conditions, 'node'] },
  ssr: { resolve: { conditions: [...conditions, 'node'] } },
  test: {
    projects,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    unstubGlobals: true,
    reporters: ['default', './scripts/closing-line-reporter.ts'],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.test-d.ts', '**/index.ts'],
    },
  },
})
