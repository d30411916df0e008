/** Hands items out in lists of a size. The last one may be shorter; none is empty. */
export async function* inBatches<Item>(
  items: Iterable<Item>,
  batchSize: number,
): AsyncIterable<readonly Item[]> {
  let batch: Item[] = []
  for (const item of items) {
    batch.push(item)
    if (batch.length === batchSize) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}
