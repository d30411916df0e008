import type { Workspace } from './workspace.ts'

/** A workspace with a core that has one adapter, a sibling, and the given files. */
export function sampleWorkspace(files: Readonly<Record<string, string>> = {}): Workspace {
  return new Map(
    Object.entries({
      'packages/core/package.json': manifest('core', ['.', './redis', './testing']),
      'packages/core/src/index.ts': '',
      'packages/core/src/redis/index.ts': '',
      'packages/core/src/testing/index.ts': '',
      'packages/oracle/package.json': manifest('oracle', ['.']),
      'packages/oracle/src/index.ts': '',
      'packages/exchange/package.json': manifest('exchange', ['.']),
      'packages/exchange/src/index.ts': '',
      ...files,
    }),
  )
}

/** The manifest of a package that publishes these subpaths as the house rules want it. */
export function manifest(folder: string, subpaths: readonly string[]): string {
  const inside = (subpath: string): string => `${subpath.slice(2)}/`.replace(/^\//, '')
  const published = subpaths.map((subpath) => [
    subpath,
    {
      types: `./dist/${inside(subpath)}index.d.ts`,
      default: `./dist/${inside(subpath)}index.js`,
    },
  ])
  const exports = subpaths.map((subpath, at) => [
    subpath,
    {
      '@assay/source': `./src/${inside(subpath)}index.ts`,
      ...(published[at]?.[1] as object),
    },
  ])
  return JSON.stringify({
    name: `@assay/${folder}`,
    exports: Object.fromEntries(exports),
    publishConfig: { exports: Object.fromEntries(published) },
  })
}
