/** How many events a partition reads at once: fewer where a page takes longer than a cycle may. */
export interface PageSize {
  readonly limit: number
  /** A page was worked through. `isLight`: no account had to be judged anew for it. */
  done(page: { readonly isLast: boolean; readonly isLight: boolean }): void
  /** A cycle was aborted. */
  aborted(): void
}

/**
 * Begins with `max`. A cycle that is aborted before it got through one page makes the next page a
 * quarter as long, down to a single event, so that there is always one that a cycle has time for. It
 * grows again with pages that are easy, and at once when nothing is left to read.
 */
export function createPageSize(max: number): PageSize {
  let limit = max
  let hasProgressed = false
  return {
    get limit() {
      return limit
    },
    done({ isLast, isLight }) {
      hasProgressed = true
      if (isLast) limit = max
      else if (isLight) limit = Math.min(max, limit * 2)
    },
    aborted() {
      if (!hasProgressed) limit = Math.max(1, Math.floor(limit / 4))
      hasProgressed = false
    },
  }
}
