import {
  type ExportTarget,
  lineAt,
  type Package,
  type Problem,
  publishedPackages,
  type Rule,
  type Workspace,
} from './workspace.ts'

type ExportsMap = Readonly<Record<string, ExportTarget>>

/**
 * The exports map is the only list of what a package publishes: the build reads it, and so do the
 * checks. It names files that exist, and says the same in the workspace and on npm.
 */
export const exportsMap: Rule = (workspace) =>
  publishedPackages(workspace).flatMap((each) =>
    [checkSubpaths, checkPublished, checkFolders].flatMap((check) => check(each, workspace)),
  )

function checkSubpaths(each: Package, workspace: Workspace): Problem[] {
  return subpathsOf(each).flatMap((subpath) => {
    const inside = subpath === '.' ? '' : `${subpath.slice(2)}/`
    const expected = {
      '@assay/source': `./src/${inside}index.ts`,
      types: `./dist/${inside}index.d.ts`,
      default: `./dist/${inside}index.js`,
    }
    if (!isSame(each.manifest.exports?.[subpath], expected)) {
      const message = `\`${subpath}\` must be, in this order, ${JSON.stringify(expected)}.`
      return [problem(each, workspace, subpath, message)]
    }
    const source = `packages/${each.folder}/src/${inside}index.ts`
    if (workspace.has(source)) return []
    return [
      problem(each, workspace, subpath, `\`${subpath}\` names \`${source}\`, which is not there.`),
    ]
  })
}

function checkPublished(each: Package, workspace: Workspace): Problem[] {
  const published = Object.fromEntries(
    Object.entries(each.manifest.exports ?? {}).map(([subpath, target]) => [
      subpath,
      typeof target === 'string' ? target : withoutSource(target),
    ]),
  )
  if (isSame(each.manifest.publishConfig?.exports, published)) return []
  const message = 'publishConfig.exports must be exports without the condition `@assay/source`.'
  return [problem(each, workspace, 'publishConfig', message)]
}

/** An index file outside the exports map would be a way in that nobody can use. */
function checkFolders(each: Package, workspace: Workspace): Problem[] {
  const index = new RegExp(`^packages/${each.folder}/src/(.+)/index\\.ts$`)
  return [...workspace.keys()].flatMap((file) => {
    const inside = index.exec(file)?.[1]
    if (inside === undefined || each.manifest.exports?.[`./${inside}`] !== undefined) return []
    const message = `\`./${inside}\` is not in the exports map: publish it, or import its files.`
    return [{ file, line: 1, rule: 'exports-map', message }]
  })
}

/** The subpaths that hold code. */
export function subpathsOf({ manifest }: Package): string[] {
  return Object.keys(manifest.exports ?? {}).filter((subpath) => subpath !== './package.json')
}

function withoutSource(target: Readonly<Record<string, string>>): ExportTarget {
  return Object.fromEntries(Object.entries(target).filter(([name]) => name !== '@assay/source'))
}

/** Compares as written: the order of conditions decides which one is taken. */
function isSame(left: ExportsMap | ExportTarget | undefined, right: ExportsMap | ExportTarget) {
  return JSON.stringify(left) === JSON.stringify(right)
}

function problem(each: Package, workspace: Workspace, key: string, message: string): Problem {
  const text = workspace.get(each.manifestPath) ?? ''
  const line = lineAt(text, Math.max(0, text.indexOf(`"${key}"`)))
  return { file: each.manifestPath, line, rule: 'exports-map', message }
}
