import type { RowFault } from '../csv/csv-row.ts'
import { formatCount } from './format-table.ts'
import { type LineWriter, openLineFile, removeFile } from './open-line-file.ts'
import { printable } from './printable.ts'

/** How many malformed rows are shown; the file has them all. */
const SHOWN_MAX = 5
/** How much of a row is kept, in characters. */
const ROW_LENGTH_MAX = 2_000

/** A row that was set aside. */
export interface Reject {
  readonly line: number
  /** The row as it stands in the file, or its first line. */
  readonly text: string
  readonly fault: RowFault
  /** The account that it seems to be about; of a row that falls apart it is a guess. */
  readonly accountId: string
  /** Its place in that account's order, where that could be read. */
  readonly sequence: bigint | null
}

/** Keeps the rows that were set aside. */
export interface RejectLog {
  add(reject: Reject): Promise<void>
  count(): number
  /** How many there are of each kind, the most frequent first. */
  byKind(): readonly (readonly [kind: string, count: number])[]
  close(): Promise<void>
  discard(): Promise<void>
}

/**
 * Writes each malformed row to a file, as a line of JSON with `line`, `reason` and `row`. The file
 * exists afterwards if there was one; what an earlier run left is removed.
 *
 * @param path of the file
 * @param note shows the first few to the person who waits
 */
export function createRejectLog(path: string, note: (text: string) => void): RejectLog {
  const counts = new Map<string, number>()
  let total = 0
  let file: LineWriter | null = null

  return {
    async add({ line, text, fault }) {
      const reason = `${fault.kind}: ${fault.detail}`
      total += 1
      counts.set(fault.kind, (counts.get(fault.kind) ?? 0) + 1)
      if (total <= SHOWN_MAX) note(`line ${formatCount(line)}: ${printable(reason, 200)}`)
      file ??= await openLineFile(path)
      await file.write(JSON.stringify({ line, reason, row: text.slice(0, ROW_LENGTH_MAX) }))
    },
    count: () => total,
    byKind: () => [...counts].toSorted(([, a], [, b]) => b - a),
    async close() {
      if (total > SHOWN_MAX) note(`… and ${formatCount(total - SHOWN_MAX)} malformed rows more`)
      await (file === null ? removeFile(path) : file.close())
    },
    discard: async () => file?.discard(),
  }
}
