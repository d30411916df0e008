import { execFile, spawnSync } from 'node:child_process'

/** A program of the command line that judges what we export. */
export interface Tool {
  readonly name: string
  readonly major: number
  readonly minor: number
  /** Runs it. A refusal is an exit code, not an error. */
  run(...args: readonly string[]): Promise<ToolResult>
}

/** How a run of a {@link Tool} ended. */
interface ToolResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** What it wrote, errors included. */
  readonly output: string
}

/**
 * Finds a program on the PATH.
 *
 * @param debianPackage what to install where there is none
 * @throws when there is none; the message says how to get it
 */
export function findTool(name: string, debianPackage: string): Tool {
  const version = /version (\d+)\.(\d+)/.exec(versionOf(name, debianPackage))
  if (version === null) throw new Error(`${name} does not tell its version`)
  const run: Tool['run'] = (...args) => runTool(name, args)
  return { name, major: Number(version[1]), minor: Number(version[2]), run }
}

function versionOf(name: string, debianPackage: string): string {
  const { error, stdout, stderr } = spawnSync(name, ['--version'], { encoding: 'utf8' })
  if (error === undefined) return stdout + stderr
  const message = `no ${name} on the PATH; Debian has it in \`${debianPackage}\``
  throw new Error(message, { cause: error })
}

function runTool(name: string, args: readonly string[]): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    execFile(name, args, { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code
      const output = stdout + stderr
      if (typeof exitCode === 'number') resolve({ exitCode, stdout, stderr, output })
      else reject(error ?? new Error(`${name} was killed`))
    })
  })
}
