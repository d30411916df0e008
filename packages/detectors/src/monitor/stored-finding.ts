import type { Finding } from '../detector/finding.ts'
import type { RejudgedSubject } from './monitor-store.ts'

/** A finding as a store keeps it. */
export interface StoredFinding {
  readonly finding: Finding
  /** How often it has changed, its opening included. */
  readonly revision: number
  /** The revision that was last handed on; 0 when none was. */
  toldRevision: number
  /**
   * Whether it has ended because judging its subject as a whole did not find it any more. Then it may
   * come true again, unlike one that ended by its rule or by a person.
   */
  readonly isRefuted: boolean
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
  if (current === undefined) return { finding, revision: 1, toldRevision: 0, isRefuted: false }
  if (!isChanged(current, finding, replaces)) return current
  const { revision, toldRevision } = current
  return { finding, revision: revision + 1, toldRevision, isRefuted: false }
}

/** What a store keeps once a finding does not hold any more. */
export function refuteFinding(current: StoredFinding, now: number): StoredFinding {
  const { finding, revision, toldRevision } = current
  if (finding.action === 'resolve') return current
  const eventTime = Math.max(finding.eventTime, now)
  const ended: Finding = { ...finding, action: 'resolve', eventTime }
  return { finding: ended, revision: revision + 1, toldRevision, isRefuted: true }
}

/** What a store takes in: of findings that come of judging a subject as a whole, each as it is last. */
export function settleFindings(
  findings: readonly Finding[],
  rejudged: readonly RejudgedSubject[],
): readonly Finding[] {
  if (rejudged.length === 0) return findings
  const last = new Map(findings.map((finding) => [finding.fingerprint, finding]))
  return findings.filter(
    (finding) => !isRejudged(finding, rejudged) || last.get(finding.fingerprint) === finding,
  )
}

/** Whether a finding is among those that come of judging its subject as a whole. */
export function isRejudged(
  { subject, ruleId }: Pick<Finding, 'subject' | 'ruleId'>,
  rejudged: readonly RejudgedSubject[],
): boolean {
  return rejudged.some((judged) => judged.subject === subject && judged.ruleIds.includes(ruleId))
}

function isChanged(
  { finding, isRefuted }: StoredFinding,
  next: Finding,
  replaces: boolean,
): boolean {
  if (finding.action === 'resolve') return isRefuted && next.action !== 'resolve'
  return replaces ? differs(finding, next) : grows(finding, next)
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
