import { subpathsOf } from './scripts/tidy/exports-map.ts'
import { publishedPackages, readWorkspace } from './scripts/tidy/workspace.ts'

/**
 * The most that each entry point may weigh in a bundle, minified and compressed by brotli, its
 * dependencies left out. Every published subpath has a line here.
 */
const LIMITS: Readonly<Record<string, string>> = {
  '@assay/core': '70 kB',
  '@assay/core/evm': '9 kB',
  '@assay/core/opossum': '4 kB',
  '@assay/core/postgres': '13 kB',
  '@assay/core/prometheus': '4 kB',
  '@assay/core/testing': '38 kB',
  '@assay/detectors': '30 kB',
  '@assay/detectors/api': '8 kB',
  '@assay/detectors/postgres': '17 kB',
  '@assay/detectors/testing': '39 kB',
  '@assay/oracle': '10 kB',
  '@assay/oracle/contracts': '3 kB',
  '@assay/oracle/postgres': '8 kB',
  '@assay/oracle/testing': '3 kB',
}

/** The most that one name may weigh alone, with everything that it needs. */
const LIMITS_ALONE: Readonly<Record<string, string>> = {
  createCircuitBreaker: '3.8 kB',
  createAlertDeduplicator: '5 kB',
  retry: '4 kB',
}

const entryPoints = publishedPackages(readWorkspace(import.meta.dirname)).flatMap((each) =>
  subpathsOf(each).map((subpath) => ({
    name: each.name + subpath.slice(1),
    path: `packages/${each.folder}/dist/${subpath.slice(2)}/index.js`.replace('//', '/'),
  })),
)

export default [
  ...Object.entries(LIMITS_ALONE).map(([name, limit]) => ({
    name: `${name} alone`,
    path: 'packages/core/dist/index.js',
    import: `{ ${name} }`,
    limit,
    modifyEsbuildConfig: forNode,
  })),
  ...entryPoints.map(({ name, path }) => {
    const limit = LIMITS[name]
    if (limit === undefined) throw new Error(`Say in .size-limit.ts what ${name} may weigh.`)
    return { name, path, limit, modifyEsbuildConfig: withoutDependencies }
  }),
]

interface BundleOptions {
  readonly [option: string]: unknown
}

function forNode(options: BundleOptions): BundleOptions {
  return { ...options, platform: 'node', format: 'esm', logLevel: 'error' }
}

function withoutDependencies(options: BundleOptions): BundleOptions {
  return { ...forNode(options), packages: 'external' }
}
