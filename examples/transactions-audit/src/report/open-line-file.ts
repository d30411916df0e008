import { type FileHandle, lstat, open, rm } from 'node:fs/promises'
import { basename } from 'node:path'

import { CannotRunError, systemCode } from '../cli/cannot-run-error.ts'
import { printable } from './printable.ts'

const BUFFER_LENGTH_MAX = 65_536

/** Lines on their way out. */
export interface LineWriter {
  /** @param line without its end */
  write(line: string): Promise<void>
  /** Writes what is held back, and closes. */
  close(): Promise<void>
  /** Closes, and takes back what was written where that can be done. */
  discard(): Promise<void>
}

/**
 * Opens a file for lines. What it held before is gone.
 *
 * @param path of the file
 * @throws {@link CannotRunError} when it cannot be written, now or later
 */
export async function openLineFile(path: string): Promise<LineWriter> {
  const file = await attempt(path, () => open(path, 'w'))
  let held = ''

  async function flush(): Promise<void> {
    await attempt(path, () => file.appendFile(held))
    held = ''
  }

  return {
    async write(line) {
      held += `${line}\n`
      if (held.length >= BUFFER_LENGTH_MAX) await flush()
    },
    async close() {
      await flush()
      await attempt(path, () => file.close())
    },
    async discard() {
      await file.close()
      await removeFile(path)
    },
  }
}

/** Removes a file that a run has written, or an earlier run; never a folder or a device. */
export async function removeFile(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => null)
  if (stats?.isFile() === true) await attempt(path, () => rm(path, { force: true }))
}

async function attempt<Result extends FileHandle | void>(
  path: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw new CannotRunError(
      'AUDIT_OUTPUT_UNWRITABLE',
      `The file ${printable(basename(path))} cannot be written: ${systemCode(error)}.`,
      error,
    )
  }
}
