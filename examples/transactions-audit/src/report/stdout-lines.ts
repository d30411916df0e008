import { once } from 'node:events'

import type { LineWriter } from './open-line-file.ts'

/** Lines on standard output, no faster than they are read there. */
export const stdoutLines: LineWriter = {
  async write(line) {
    if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
  },
  close: () => Promise.resolve(),
  discard: () => Promise.resolve(),
}
