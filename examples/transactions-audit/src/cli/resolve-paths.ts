import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'

import { CannotRunError } from './cannot-run-error.ts'
import type { AuditArguments } from './parse-audit-arguments.ts'

/** The files of an audit, as absolute paths. */
export interface AuditPaths {
  readonly file: string
  /** `null` when the JSON has no file. */
  readonly out: string | null
  readonly rejects: string
}

/**
 * Where the user stands. npm and pnpm run scripts in the folder of the package, and say in a
 * variable where they were called.
 */
export function userFolder(): string {
  return process.env['ASSAY_CWD'] || process.env['INIT_CWD'] || process.cwd()
}

/**
 * Resolves the paths of the command line from where the user stands.
 *
 * @throws {@link CannotRunError} when two of them are one file, which would overwrite it
 */
export async function resolvePaths(args: AuditArguments, cwd: string): Promise<AuditPaths> {
  const paths = {
    file: resolve(cwd, args.file),
    out: args.out === undefined ? null : resolve(cwd, args.out),
    rejects: resolve(cwd, args.rejects ?? `${basename(args.file)}.rejects.jsonl`),
  }
  const identities = await Promise.all(
    Object.values(paths)
      .filter((path) => path !== null)
      .map(identityOf),
  )
  if (new Set(identities).size === identities.length) return paths
  throw new CannotRunError(
    'AUDIT_ARGUMENTS_INVALID',
    'The file, --out and --rejects must be different files.',
  )
}

/** Two paths with one identity are one file, by whatever links they reach it. */
async function identityOf(path: string): Promise<string> {
  try {
    const { dev, ino } = await stat(path)
    return `${dev}:${ino}`
  } catch {
    return path
  }
}
