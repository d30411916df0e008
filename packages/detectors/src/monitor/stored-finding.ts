import type { Finding } from '../detector/finding.ts'
import type { RejudgedSubject } from './monitor-store.ts'

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
 *
 * @param replaces whether it comes of judging its subject as a whole, and so takes the place of what
 *   was known even where it says less
 */
export function applyFinding(
  current: StoredFinding | undefined,
  finding: Finding,
  replaces = false,
): StoredFinding {
  if (current === undefined) return { finding, revision: 1, toldRevision: 0 }
  if (current.finding.action === 'resolve') return current
  const changes = replaces ? differs(current.finding, finding) : grows(current.finding, finding)
  if (!changes) return current
  const { revision, toldRevision } = current
  return { finding, revision: revision + 1, toldRevision }
}

/** Whether a finding is among those that come of judging its subject as a whole. */
export function isRejudged(
  { subject, ruleId }: Pick<Finding, 'subject' | 'ruleId'>,
  rejudged: readonly RejudgedSubject[],
): boolean {
  return rejudged.some((judged) => judged.subject === subject && judged.ruleIds.includes(ruleId))
}

function differs(current: Finding, next: Finding): boolean {
  return (
    next.action === 'resolve' ||
    next.eventTime !== current.eventTime ||
    next.transactionIds.join('\n') !== current.transactionIds.join('\n')
  )
}

/** An opening of what is open is no news. */
function grows(current: Finding, next: Finding): boolean {
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
