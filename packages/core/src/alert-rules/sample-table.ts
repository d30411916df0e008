/**
 * The samples of one metric: a row for each tick, a column for each series. A tick is a moment at
 * which all series were sampled. The samples of a tick lie side by side, so that measuring hundreds of
 * series over the same window reads memory in order. The oldest rows give way to the newest.
 */
export interface SampleTable {
  values: Float64Array
  /** 1 where the series was there. */
  present: Uint8Array
  /** A power of two. */
  rowCapacity: number
  columnCapacity: number
  /** The oldest tick that is kept, and the next one. */
  startTick: number
  endTick: number
  /** For each series: its first tick, -1 before that. */
  firstTick: Int32Array
  /** For each series: since which tick it has been there at each. */
  sinceTick: Int32Array
  /** For each series: the last tick at which it was there. */
  lastTick: Int32Array
  /** For each series: the last tick at which it was less than before, as a counter that began anew. */
  resetTick: Int32Array
}

/** The ticks of a window at which a series was there. There may be gaps between the first and the last. */
export interface TickSpan {
  first: number
  last: number
  count: number
}

const ROW_CAPACITY_MIN = 8
const NEVER = -1

/** Makes a table without room. */
export function createSampleTable(): SampleTable {
  return {
    values: new Float64Array(0),
    present: new Uint8Array(0),
    rowCapacity: ROW_CAPACITY_MIN,
    columnCapacity: 0,
    startTick: 0,
    endTick: 0,
    firstTick: new Int32Array(0),
    sinceTick: new Int32Array(0),
    lastTick: new Int32Array(0),
    resetTick: new Int32Array(0),
  }
}

/** Gives a table room for more rows or columns, and keeps what it holds. */
export function resizeTable(table: SampleTable, rowCapacity: number, columnCapacity: number): void {
  const { values, present, columnCapacity: oldColumns } = table
  const oldMask = table.rowCapacity - 1
  table.values = new Float64Array(rowCapacity * columnCapacity)
  table.present = new Uint8Array(rowCapacity * columnCapacity)
  for (let tick = table.startTick; tick < table.endTick; tick += 1) {
    const from = (tick & oldMask) * oldColumns
    const to = (tick & (rowCapacity - 1)) * columnCapacity
    table.values.set(values.subarray(from, from + oldColumns), to)
    table.present.set(present.subarray(from, from + oldColumns), to)
  }
  table.rowCapacity = rowCapacity
  if (columnCapacity === oldColumns) return
  table.columnCapacity = columnCapacity
  table.firstTick = widen(table.firstTick, columnCapacity)
  table.sinceTick = widen(table.sinceTick, columnCapacity)
  table.lastTick = widen(table.lastTick, columnCapacity)
  table.resetTick = widen(table.resetTick, columnCapacity)
}

function widen(numbers: Int32Array, length: number): Int32Array {
  const wider = new Int32Array(length).fill(NEVER)
  wider.set(numbers)
  return wider
}

/** Begins the row of the next tick, in the place of the oldest where there is no other. */
export function beginRow(table: SampleTable): void {
  if (table.endTick - table.startTick === table.rowCapacity) table.startTick += 1
  const from = (table.endTick & (table.rowCapacity - 1)) * table.columnCapacity
  table.present.fill(0, from, from + table.columnCapacity)
  table.endTick += 1
}

/** Enters a sample of the newest row. */
export function enterSample(table: SampleTable, column: number, value: number): void {
  const tick = table.endTick - 1
  const before = table.lastTick[column]!
  if (before === NEVER) table.firstTick[column] = tick
  else if (before >= table.startTick && value < sampleAt(table, column, before)) {
    table.resetTick[column] = tick
  }
  if (before === NEVER || before < tick - 1) table.sinceTick[column] = tick
  table.lastTick[column] = tick
  const index = (tick & (table.rowCapacity - 1)) * table.columnCapacity + column
  table.values[index] = value
  table.present[index] = 1
}

/** Makes a column as if it had never been used. */
export function clearColumn(table: SampleTable, column: number): void {
  table.firstTick[column] = NEVER
  table.sinceTick[column] = NEVER
  table.lastTick[column] = NEVER
  table.resetTick[column] = NEVER
}

/** The value of a series at a tick at which it was there. */
export function sampleAt(table: SampleTable, column: number, tick: number): number {
  return table.values[(tick & (table.rowCapacity - 1)) * table.columnCapacity + column]!
}

/** Whether a series was there at a tick. */
export function isPresent(table: SampleTable, column: number, tick: number): boolean {
  if (tick < table.startTick || tick > table.lastTick[column]!) return false
  if (tick >= table.sinceTick[column]!) return true
  if (tick < table.firstTick[column]!) return false
  return table.present[(tick & (table.rowCapacity - 1)) * table.columnCapacity + column] === 1
}

/**
 * Finds the samples of a series in a window.
 *
 * @param span receives them; `count` is 0 where there are none
 */
export function findSpan(
  table: SampleTable,
  column: number,
  firstTick: number,
  endTick: number,
  span: TickSpan,
): void {
  const since = table.sinceTick[column]!
  const from = Math.max(firstTick, table.startTick, table.firstTick[column]!)
  const last = Math.min(endTick - 1, table.lastTick[column]!)
  if (from >= since) {
    span.first = from
    span.last = last
    span.count = Math.max(0, last - from + 1)
    return
  }
  // The series was away for a while, so each tick has to be looked at.
  span.count = 0
  for (let tick = from; tick <= last; tick += 1) {
    if (!isPresent(table, column, tick)) continue
    if (span.count === 0) span.first = tick
    span.last = tick
    span.count += 1
  }
}
