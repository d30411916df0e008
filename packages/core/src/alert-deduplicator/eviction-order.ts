/** What can stand in an {@link EvictionOrder}: it carries its own neighbours, which costs no allocation. */
export interface Evictable<Item> {
  older: Item | null
  newer: Item | null
}

/**
 * The order in which items may be evicted: a list through the items themselves, each operation of
 * which is constant time. The order of a `Map` would do, if V8 did not walk over all the entries
 * deleted before the first one each time it is asked for the oldest.
 */
export interface EvictionOrder<Item> {
  /** Puts the item last, unless it stands in the order already. */
  add(item: Item): void
  /** Takes the item out, if it stands in the order. */
  remove(item: Item): void
  oldest(): Item | undefined
}

export function createEvictionOrder<Item extends Evictable<Item>>(): EvictionOrder<Item> {
  let oldest: Item | null = null
  let newest: Item | null = null

  const contains = (item: Item): boolean => item.older !== null || item === oldest

  return {
    add(item) {
      if (contains(item)) return
      item.older = newest
      if (newest === null) oldest = item
      else newest.newer = item
      newest = item
    },
    remove(item) {
      if (!contains(item)) return
      const { older, newer } = item
      if (older === null) oldest = newer
      else older.newer = newer
      if (newer === null) newest = older
      else newer.older = older
      item.older = null
      item.newer = null
    },
    oldest: () => oldest ?? undefined,
  }
}
