import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'

import { CannotRunError, systemCode } from '../cli/cannot-run-error.ts'
import { printable } from '../report/printable.ts'

const CHUNK_BYTES = 256 * 1024

/** How much of a file has been read. Of a gzip file the compressed bytes count. */
export interface ReadProgress {
  readonly bytes: number
  /** 0 where it is not known, as for a pipe. */
  readonly totalBytes: number
}

/**
 * Reads a UTF-8 file, plain or gzip, piece by piece. Which of the two it is its first bytes say.
 *
 * @param path of the file
 * @param onProgress called as the file is read
 * @throws {@link CannotRunError} when the file cannot be read, from the first byte to the last
 */
export async function* readText(
  path: string,
  onProgress: (progress: ReadProgress) => void,
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  try {
    const file = await openBytes(path)
    for await (const chunk of file.bytes) {
      onProgress(file.progress())
      yield decoder.decode(chunk as Uint8Array, { stream: true })
    }
  } catch (error) {
    const name = printable(basename(path))
    throw new CannotRunError(
      'AUDIT_FILE_UNREADABLE',
      `The file ${name} cannot be read: ${reasonOf(error)}.`,
      error,
    )
  }
  yield decoder.decode()
}

async function openBytes(path: string) {
  const file = await open(path)
  const stats = await file.stat()
  const isGzip = stats.isFile() && (await startsAsGzip(file))
  const source = file.createReadStream({
    highWaterMark: CHUNK_BYTES,
    ...(stats.isFile() ? { start: 0 } : {}),
  })
  // What goes wrong reaches whoever reads the result, so nothing is left for the callback.
  const gunzip = () => pipeline(source, createGunzip({ chunkSize: CHUNK_BYTES }), () => {})
  return {
    bytes: isGzip ? gunzip() : source,
    progress: (): ReadProgress => ({ bytes: source.bytesRead, totalBytes: stats.size }),
  }
}

async function startsAsGzip(file: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0)
  return bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b
}

function reasonOf(error: unknown): string {
  switch (systemCode(error)) {
    case 'ENOENT':
      return 'there is no such file'
    case 'EACCES':
    case 'EPERM':
      return 'you may not read it'
    case 'EISDIR':
      return 'it is a folder'
    case 'Z_DATA_ERROR':
    case 'Z_BUF_ERROR':
      return 'its gzip data is damaged or cut off'
    default:
      return systemCode(error)
  }
}
