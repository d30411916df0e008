/**
 * Preloaded into an example: remembers what `console.log` prints and the line that printed it, and
 * writes all of it as one line of JSON when the example has ended.
 */
import { writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { format } from 'node:util'

export interface PrintedLine {
  /** The line of the example that called `console.log`, or 0 where the call came from elsewhere. */
  readonly line: number
  readonly text: string
}

const printed: PrintedLine[] = []
const example = `${pathToFileURL(process.argv[1] ?? '').href}:`

console.log = (...values: readonly unknown[]): void => {
  const [, frame = ''] = (new Error('stack').stack ?? '').split(example)
  printed.push({ line: Number.parseInt(frame) || 0, text: format(...values) })
}

process.on('exit', () => {
  writeSync(process.stdout.fd, `\n${JSON.stringify(printed)}`)
})
