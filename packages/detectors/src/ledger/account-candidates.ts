/**
 * Which accounts a detector cares about. It is a hint that spares reading: a repository may leave out
 * accounts that cannot have a candidate, and hands out all rows of any account that has one.
 */
export type AccountCandidates =
  /** Accounts with a transaction that failed. */
  { readonly kind: 'failed' } | NeighbourCandidates

/** Accounts with two rows whose event times lie this far apart or less, in milliseconds. */
export interface NeighbourCandidates {
  readonly kind: 'neighbours'
  readonly withinMs: number
}
