import { posix } from 'node:path'

import { moduleReferences, parse } from './syntax.ts'
import {
  isTestFile,
  lineAt,
  type Package,
  packageFolderOf,
  publishedPackages,
  type Rule,
} from './workspace.ts'

/** Starts real servers for tests; private, so that no source can depend on it. */
const TEST_SERVERS = '@assay/test-servers'

/**
 * Imports go one way: siblings to core, adapters to features, hosts to what is published. So each
 * package stands alone, and nobody pays for an adapter that is not used.
 */
export const importDirection: Rule = (workspace) => {
  const packages = publishedPackages(workspace)
  return [...workspace].flatMap(([file, text]) => {
    if (!file.endsWith('.ts')) return []
    return moduleReferences(parse(file, text)).flatMap(({ specifier, start }) => {
      const message = specifier.startsWith('.')
        ? wrongRelativeImport(file, posix.join(posix.dirname(file), specifier), packages)
        : wrongPackageImport(file, specifier, packages)
      if (message === undefined) return []
      return [{ file, line: lineAt(text, start), rule: 'import-direction', message }]
    })
  })
}

function wrongRelativeImport(
  file: string,
  target: string,
  packages: readonly Package[],
): string | undefined {
  const from = packageFolderOf(file)
  const to = packageFolderOf(target)

  if (from !== to) {
    if (to === undefined) return `\`${target}\` is not part of the package, and is not published.`
    return `\`${target}\` is the inside of a package: import a published subpath.`
  }
  if (to === undefined || isTestFile(file)) return undefined

  const subpath = subpathFolderOf(target, packages)
  if (subpath === undefined || subpath === subpathFolderOf(file, packages)) return undefined
  return `\`src/${subpath}\` has a subpath of its own: nothing outside it may import it.`
}

/** The folder under `src` with a subpath export that the file lies in: an adapter, or `testing`. */
function subpathFolderOf(file: string, packages: readonly Package[]): string | undefined {
  const [, folder, inside] = /^packages\/([^/]+)\/src\/([^/]+)\//.exec(file) ?? []
  const manifest = packages.find((each) => each.folder === folder)?.manifest
  return manifest?.exports?.[`./${inside}`] === undefined ? undefined : inside
}

function wrongPackageImport(
  file: string,
  specifier: string,
  packages: readonly Package[],
): string | undefined {
  const [scope, name, ...rest] = specifier.split('/')
  if (scope !== '@assay') return undefined
  const target = `${scope}/${name}`
  const from = packageFolderOf(file)

  if (target === TEST_SERVERS) {
    if (from === undefined || isTestFile(file)) return undefined
    return `Only tests may import \`${TEST_SERVERS}\`.`
  }
  const published = packages.find((each) => each.name === target)
  if (published === undefined) return `There is no published package \`${target}\`.`
  if (published.folder === from) return 'A package imports its own files by relative paths.'

  const subpath = ['.', ...rest].join('/')
  if (subpath === './package.json' || published.manifest.exports?.[subpath] === undefined) {
    return `\`${specifier}\` is not published: import a subpath of the exports map.`
  }
  if (from === undefined || target === '@assay/core') return undefined
  return `\`packages/${from}\` may import core and no other sibling.`
}
