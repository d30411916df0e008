import { once } from 'node:events'

import { CannotRunError } from '../cli/cannot-run-error.ts'
import type { LineWriter } from './open-line-file.ts'

/** Lines on standard output, no faster than they are read there. */
export const stdoutLines: LineWriter = {
  async write(line) {
    if (process.stdout.write(`${line}\n`)) return
    await once(process.stdout, 'drain').catch(() => {
      throw nobodyReads()
    })
  },
  close: () => Promise.resolve(),
  discard: () => Promise.resolve(),
}

/** The program that read standard output has ended, as `head` does. */
export function nobodyReads(): CannotRunError {
  return new CannotRunError('AUDIT_OUTPUT_UNWRITABLE', 'Nobody reads the standard output any more.')
}
