import type { AccountHistory } from './event-source.ts'

/** The accounts from the first one on that have at most `limit` events together. */
export function takeWhole(
  histories: Iterable<AccountHistory>,
  limit: number,
): readonly AccountHistory[] {
  const taken: AccountHistory[] = []
  let count = 0
  for (const history of histories) {
    count += history.rows.length
    if (count > limit) break
    taken.push(history)
  }
  return taken
}
