import { execFile } from 'node:child_process'

/** The checker of Prometheus' rule files, from Debian's package `prometheus`. */
export interface Promtool {
  readonly major: number
  readonly minor: number
  /** Runs it. A refusal is an exit code, not an error. */
  run(...args: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }>
}

/**
 * Finds `promtool` on the PATH.
 *
 * @throws when there is none; the message says how to get it
 */
export async function findPromtool(): Promise<Promtool> {
  const { output } = await run('--version').catch((error: unknown) => {
    throw new Error('no promtool on the PATH; Debian has it in `prometheus`', { cause: error })
  })
  const version = /version (\d+)\.(\d+)/.exec(output)
  if (version === null) throw new Error('promtool does not tell its version')
  return { major: Number(version[1]), minor: Number(version[2]), run }
}

function run(...args: readonly string[]): ReturnType<Promtool['run']> {
  return new Promise((resolve, reject) => {
    execFile('promtool', args, { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code
      if (typeof exitCode === 'number') resolve({ exitCode, output: stdout + stderr })
      else reject(error ?? new Error('promtool was killed'))
    })
  })
}
