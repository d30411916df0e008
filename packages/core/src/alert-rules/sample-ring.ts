/**
 * The samples of one series, the oldest overwritten by the newest. Each belongs to a tick, which is a
 * moment at which all series were sampled; the time of a tick is kept once for all series.
 *
 * A position counts samples from the first that was ever appended, so that it stays the same while
 * samples come and go.
 */
export interface SampleRing {
  values: Float64Array
  /** The tick of each sample. */
  ticks: Int32Array
  /** Position of the oldest sample. */
  start: number
  /** Position behind the newest sample. */
  end: number
  /** Position of the newest sample that was less than the one before it: a counter began anew. */
  resetAt: number
}

export const RING_CAPACITY_MIN = 8

export function createSampleRing(): SampleRing {
  return {
    values: new Float64Array(RING_CAPACITY_MIN),
    ticks: new Int32Array(RING_CAPACITY_MIN),
    start: 0,
    end: 0,
    resetAt: -1,
  }
}

/** Appends a sample. A full ring loses its oldest. */
export function appendSample(ring: SampleRing, tick: number, value: number): void {
  const { values, ticks, end } = ring
  const mask = values.length - 1
  if (end - ring.start === values.length) ring.start += 1
  if (end > ring.start && value < values[(end - 1) & mask]!) ring.resetAt = end
  values[end & mask] = value
  ticks[end & mask] = tick
  ring.end = end + 1
}

export function isFull(ring: SampleRing): boolean {
  return ring.end - ring.start === ring.values.length
}

/** Doubles the room of a ring. */
export function growRing(ring: SampleRing): void {
  const { values, ticks, start, end } = ring
  const mask = values.length - 1
  ring.values = new Float64Array(values.length * 2)
  ring.ticks = new Int32Array(values.length * 2)
  const newMask = ring.values.length - 1
  for (let position = start; position < end; position += 1) {
    ring.values[position & newMask] = values[position & mask]!
    ring.ticks[position & newMask] = ticks[position & mask]!
  }
}

export function valueAt({ values }: SampleRing, position: number): number {
  return values[position & (values.length - 1)]!
}

export function tickAt({ ticks }: SampleRing, position: number): number {
  return ticks[position & (ticks.length - 1)]!
}

/** The position of the first sample at `tick` or later; `end` where there is none. */
export function positionOfTick(ring: SampleRing, tick: number): number {
  const { start, end } = ring
  if (start === end) return end
  const first = tickAt(ring, start)
  if (tick <= first) return start
  // A series without gaps has a sample at every tick.
  if (tickAt(ring, end - 1) - first === end - 1 - start) return Math.min(start + tick - first, end)

  let low = start
  let high = end
  while (low < high) {
    const middle = (low + high) >>> 1
    if (tickAt(ring, middle) < tick) low = middle + 1
    else high = middle
  }
  return low
}
