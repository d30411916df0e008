import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Every text file that a rule may look at: its path from the root, with `/`, and its text. */
export type Workspace = ReadonlyMap<string, string>

/** One thing that a person has to put right. */
export interface Problem {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  /** The rule that found it, in kebab-case. */
  readonly rule: string
  /** What is wrong and, where it is not plain, what to do instead. */
  readonly message: string
}

/** A house rule: looks at the whole workspace and returns what breaks it. */
export type Rule = (workspace: Workspace) => readonly Problem[]

/** A published package of the workspace. */
export interface Package {
  /** `core` */
  readonly folder: string
  /** `@assay/core` */
  readonly name: string
  readonly manifestPath: string
  readonly manifest: Manifest
}

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, ExportTarget>>
  readonly publishConfig?: { readonly exports?: Readonly<Record<string, ExportTarget>> }
}

export type ExportTarget = string | Readonly<Record<string, string>>

/** The files that git knows or would take in, so that nothing built or installed is looked at. */
export function readWorkspace(root: string): Workspace {
  const listed = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.ts', '*.md', '*.json'],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 * 2 ** 20 },
  )
  const paths = listed.split('\0').filter((path) => path !== '' && existsSync(join(root, path)))
  return new Map(paths.toSorted().map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

/** The published packages, that is, those under `packages/` that are not private. */
export function publishedPackages(workspace: Workspace): Package[] {
  const packages: Package[] = []
  for (const [path, text] of workspace) {
    const folder = /^packages\/([^/]+)\/package\.json$/.exec(path)?.[1]
    if (folder === undefined) continue
    const manifest = JSON.parse(text) as Manifest
    if (manifest.private !== true) {
      packages.push({ folder, name: manifest.name, manifestPath: path, manifest })
    }
  }
  return packages
}

/** `packages/core/src/money/money.ts` → `core`, for the sources of packages and nothing else. */
export function packageFolderOf(path: string): string | undefined {
  return /^packages\/([^/]+)\/src\//.exec(path)?.[1]
}

/** Whether the file is a test, a type test or a benchmark, which no user ever imports. */
export function isTestFile(path: string): boolean {
  return /\.(test|test-d|bench)\.ts$/.test(path)
}

/** The line, counted from 1, that `offset` lies on. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1
  }
  return line
}
