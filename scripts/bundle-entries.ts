import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Options } from 'tsup'

type PackageManifest = {
  exports: Record<string, string | { '@assay/source'?: string }>
}

/**
 * The tsup options of one package: an entry for each public subpath that its `exports` map names,
 * so that the map stays the only list of entries. Declarations come from `tsc`.
 */
export function bundleEntries(packageFolder: string): Options {
  const manifest = JSON.parse(
    readFileSync(join(packageFolder, 'package.json'), 'utf8'),
  ) as PackageManifest

  const entry: Record<string, string> = {}
  for (const target of Object.values(manifest.exports)) {
    if (typeof target === 'string') continue
    const source = target['@assay/source']
    if (source === undefined) continue
    entry[source.replace(/^\.\/src\//, '').replace(/\.ts$/, '')] = source
  }

  return {
    entry,
    format: ['esm'],
    target: 'node22',
    dts: false,
    splitting: true,
    treeshake: true,
    sourcemap: true,
    silent: true,
  }
}
