import type { Finding } from '../detector/finding.ts'

/** A finding as a store keeps it. */
export interface StoredFinding {
  readonly finding: Finding
  /** How often it has changed, its opening included. */
  readonly revision: number
  /** The revision that was last handed on; 0 when none was. */
  toldRevision: number
}

/**
 * What a store keeps once a finding has come: the same in every store. What came before changes
 * nothing, so that the same events may be judged again; what has ended stays as it is.
 */
export function applyFinding(current: StoredFinding | undefined, finding: Finding): StoredFinding {
  if (current === undefined) return { finding, revision: 1, toldRevision: 0 }
  if (current.finding.action === 'resolve' || !isNews(current.finding, finding)) return current
  const { revision, toldRevision } = current
  return { finding, revision: revision + 1, toldRevision }
}

/** An opening of what is open is none. */
function isNews(current: Finding, next: Finding): boolean {
  switch (next.action) {
    case 'open':
      return false
    case 'update':
      return (
        next.eventTime > current.eventTime ||
        (next.eventTime === current.eventTime &&
          next.transactionIds.length > current.transactionIds.length)
      )
    case 'resolve':
      return true
  }
}
