import type { RowFault } from '../csv/csv-row.ts'
import { formatCount } from './format-table.ts'
import { isFile, type LineWriter, openLineFile } from './open-line-file.ts'
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
  /** `null` of a row that falls apart: it may be any account's. */
  readonly accountId: string | null
  /** Its place in the order of booking, where that could be read. */
  readonly place: bigint | null
}

/** Keeps the rows that were set aside. */
export interface RejectLog {
  add(reject: Reject): Promise<void>
  count(): number
  /** How many there are of each kind, the most frequent first. */
  byKind(): readonly (readonly [kind: string, count: number])[]
  /** Replaces what an earlier run left in the file. */
  close(): Promise<void>
  /** Leaves what an earlier run left in the file. */
  discard(): Promise<void>
}

/**
 * Writes each malformed row to a file, as a line of JSON with `line`, `reason` and `row`. Without
 * one no file is made, but one that is there already is emptied: its rows are not of this run.
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
      if (file === null && (await isFile(path))) file = await openLineFile(path)
      await file?.close()
    },
    discard: async () => file?.discard(),
  }
}
