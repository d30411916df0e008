import { isAssayError } from '@assay/core'

import { nobodyReads } from '../report/stdout-lines.ts'
import { CannotRunError } from './cannot-run-error.ts'

/**
 * Runs a command to its end: Ctrl-C aborts it so that it cleans up, and what stops it becomes one
 * sentence on standard error with a code, and exit code 1.
 *
 * @param command gets the arguments and a signal, and returns the exit code
 */
export async function runCli(
  command: (args: readonly string[], signal: AbortSignal) => Promise<number>,
): Promise<void> {
  const controller = new AbortController()
  const interrupt = (): void =>
    controller.abort(new CannotRunError('AUDIT_INTERRUPTED', 'The audit was interrupted.'))
  // Once only: whoever asks a second time wants out at once.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, interrupt)
  process.stdout.on('error', () => controller.abort(nobodyReads()))

  try {
    process.exitCode = await command(process.argv.slice(2), controller.signal)
  } catch (error) {
    process.exitCode = 1
    if (error instanceof CannotRunError || isAssayError(error)) {
      console.error(`${error.message} [${error.code}]`)
    } else {
      // Its stack only: an error may carry the input that it is about, such as a URL.
      console.error('This is a bug in the audit.', error instanceof Error ? error.stack : error)
    }
  }
}
