import { access, constants, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename } from 'node:path'

import { systemCreateId } from '@assay/core'

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
 * Opens a file for lines. They go to a draft beside it, which takes its place once it is closed:
 * until then, and if it is discarded, the file stays as it is.
 *
 * @param path of the file; a device or a pipe is written as it comes
 * @throws {@link CannotRunError} when it cannot be written, now or later
 */
export async function openLineFile(path: string): Promise<LineWriter> {
  const { draft, target, mode } = await attempt(path, () => placeOf(path))
  const file = await attempt(path, () =>
    draft === null ? open(target, 'w') : open(draft, 'wx', mode),
  )
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
      if (draft !== null) await attempt(path, () => rename(draft, target))
    },
    async discard() {
      await file.close()
      if (draft !== null) await rm(draft, { force: true })
    },
  }
}

/** Whether there is a file, which is no folder and no device. */
export async function isFile(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => null)
  return stats?.isFile() === true
}

/** Where the lines of a file are drafted, and what the draft replaces. */
interface Place {
  readonly target: string
  readonly draft: string | null
  readonly mode: number
}

async function placeOf(path: string): Promise<Place> {
  const stats = await stat(path).catch(() => null)
  if (stats?.isFile() === false) return { target: path, draft: null, mode: 0 }
  const id = systemCreateId().slice(-8)
  if (stats === null) return { target: path, draft: `${path}.${id}.part`, mode: 0o666 }
  // Renaming would replace a link, and a file that may not be written.
  await access(path, constants.W_OK)
  const target = await realpath(path)
  return { target, draft: `${target}.${id}.part`, mode: stats.mode & 0o777 }
}

async function attempt<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
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
