import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** A program of this example that was started as a user would, in a process of its own. */
interface Program {
  readonly child: ChildProcess
  readonly ended: Promise<ProgramResult>
}

export interface ProgramResult {
  /** `null` when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Where a program is started, and how. */
export interface ProgramOptions {
  readonly args?: readonly string[]
  /** Where the user stands. */
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Starts a program.
 *
 * @param name of a file in `src`
 */
function startProgram(name: string, { args = [], cwd, env = {} }: ProgramOptions): Program {
  const flags = ['--conditions=@assay/source', '--disable-warning=ExperimentalWarning']
  const path = new URL(`../${name}`, import.meta.url).pathname
  const child = spawn(process.execPath, [...flags, path, ...args], {
    cwd,
    env: { ...process.env, ...ownEnvironment(cwd), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve).once('error', reject)
  })
  const ended = Promise.all([closed, text(child.stdout), text(child.stderr)]).then(
    ([code, stdout, stderr]) => ({ code, stdout, stderr }),
  )
  return { child, ended }
}

function ownEnvironment(cwd: string): Readonly<Record<string, string>> {
  // Node compiles each file once, and not again for every program.
  const compiled = join(tmpdir(), 'node-compile-cache')
  return {
    ASSAY_CWD: '',
    ASSAY_DATABASE_URL: '',
    INIT_CWD: '',
    TMPDIR: cwd,
    NODE_COMPILE_CACHE: compiled,
  }
}

/** Runs a program to its end. */
export function runProgram(name: string, options: ProgramOptions): Promise<ProgramResult> {
  return startProgram(name, options).ended
}
