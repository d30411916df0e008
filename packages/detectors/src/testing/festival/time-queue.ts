/** Holds entries until their time has come. */
export interface TimeQueue<Entry> {
  readonly size: number
  /** The time of the entry that is next; infinite without one. */
  readonly nextAt: number
  push(at: number, entry: Entry): void
  /** Takes the next entry out: the earliest, and of several the one that came first. */
  pop(): Entry | undefined
}

interface Place<Entry> {
  readonly at: number
  /** The order of arrival, so that entries of one moment come out as they came in. */
  readonly order: number
  readonly entry: Entry
}

/** Makes an empty queue: a binary heap. */
export function createTimeQueue<Entry>(): TimeQueue<Entry> {
  const heap: Place<Entry>[] = []
  let order = 0

  return {
    get size() {
      return heap.length
    },
    get nextAt() {
      return heap[0]?.at ?? Number.POSITIVE_INFINITY
    },
    push(at, entry) {
      order += 1
      heap.push({ at, order, entry })
      siftUp(heap)
    },
    pop() {
      const first = heap[0]
      const last = heap.pop()
      if (first === undefined || last === undefined) return undefined
      if (heap.length > 0) {
        heap[0] = last
        siftDown(heap)
      }
      return first.entry
    },
  }
}

function isBefore(a: Place<unknown>, b: Place<unknown>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

function siftUp(heap: Place<unknown>[]): void {
  let index = heap.length - 1
  while (index > 0) {
    const parent = (index - 1) >> 1
    if (!isBefore(heap[index]!, heap[parent]!)) return
    swap(heap, index, parent)
    index = parent
  }
}

function siftDown(heap: Place<unknown>[]): void {
  let index = 0
  for (;;) {
    const left = 2 * index + 1
    if (left >= heap.length) return
    const right = left + 1
    const least = right < heap.length && isBefore(heap[right]!, heap[left]!) ? right : left
    if (!isBefore(heap[least]!, heap[index]!)) return
    swap(heap, index, least)
    index = least
  }
}

function swap(heap: Place<unknown>[], a: number, b: number): void {
  const kept = heap[a]!
  heap[a] = heap[b]!
  heap[b] = kept
}
