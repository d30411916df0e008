import type { Finding } from '../detector/finding.ts'
import type { RejudgedSubject } from './monitor-store.ts'

/** A finding as a store keeps it. */
export interface StoredFinding {
  readonly finding: Finding
  /** How often it has changed, its opening included. */
  readonly revision: number
  /** The revision that was last handed on; 0 when none was. */
  toldRevision: number
  /** Whose events led to it; `null` where it came of something else, such as a ledger. */
  readonly source: string | null
  /** How it has ended; `null` while it has not. */
  readonly ending: FindingEnding | null
}

/**
 * How a finding has ended: by its rule, such as with a reversal; by a person; or because judging its
 * subject as a whole does not find it any more. One that is refuted may come true again.
 */
export type FindingEnding = 'by-rule' | 'by-person' | 'refuted'

/** What a finding came of. */
export interface FindingOrigin {
  /** Whose events led to it; `null` where something else did. */
  readonly source: string | null
  /** Whose judgement as a whole came with it. */
  readonly rejudged: readonly RejudgedSubject[]
}

/**
 * What a store keeps once a finding has come: the same in every store. What came before changes
 * nothing, so that the same events may be judged again; what has ended stays as it is, unless it is
 * refuted. What comes of judging its subject as a whole takes the place of what was known of the same
 * source's events, even where it says less.
 */
export function applyFinding(
  current: StoredFinding | undefined,
  finding: Finding,
  { source, rejudged }: FindingOrigin,
): StoredFinding {
  const ending: FindingEnding | null = finding.action === 'resolve' ? 'by-rule' : null
  if (current === undefined) return { finding, revision: 1, toldRevision: 0, source, ending }

  const { revision, toldRevision } = current
  const next = { finding, revision: revision + 1, toldRevision, ending }
  // Two sources may tell of the same events: whoever proves a refuted one has it from then on.
  if (current.ending === 'refuted') return ending === null ? { ...next, source } : current
  if (current.ending !== null) return current
  const replaces = current.source === source && isRejudged(finding, rejudged)
  const isNews = replaces ? differs(current.finding, finding) : grows(current.finding, finding)
  return isNews ? { ...next, source: current.source } : current
}

/** What a store keeps once a person has ended a finding. */
export function endFinding({ finding, revision, ...rest }: StoredFinding): StoredFinding {
  const ended: Finding = { ...finding, action: 'resolve' }
  return { ...rest, finding: ended, revision: revision + 1, ending: 'by-person' }
}

/**
 * What a store keeps once a finding does not hold any more. Of one that a person has ended nobody hears
 * again: it may come true again, and that is all.
 */
export function refuteFinding(current: StoredFinding, now: number): StoredFinding {
  const { finding, revision, ending } = current
  if (ending === 'by-person') return { ...current, ending: 'refuted' }
  if (ending !== null) return current
  const eventTime = Math.max(finding.eventTime, now)
  const ended: Finding = { ...finding, action: 'resolve', eventTime }
  return { ...current, finding: ended, revision: revision + 1, ending: 'refuted' }
}

/** Whether judging subjects as a whole has not found what a store keeps. */
export function isRefuted(
  kept: FindingName & Pick<StoredFinding, 'source'>,
  { source, rejudged }: FindingOrigin,
): boolean {
  return (
    kept.source === source &&
    rejudged.some(
      (judged) => covers(judged, kept) && !judged.fingerprints.includes(kept.fingerprint),
    )
  )
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

/** What names a finding, and what it is about. */
export type FindingName = Pick<Finding, 'fingerprint' | 'subject' | 'ruleId'>

/** Whether a finding is among those that come of judging its subject as a whole. */
function isRejudged(finding: FindingName, rejudged: readonly RejudgedSubject[]): boolean {
  return rejudged.some((judged) => covers(judged, finding))
}

function covers({ subject, ruleIds }: RejudgedSubject, finding: FindingName): boolean {
  return subject === finding.subject && ruleIds.includes(finding.ruleId)
}

function differs(current: Finding, next: Finding): boolean {
  return (
    next.action === 'resolve' ||
    next.eventTime !== current.eventTime ||
    next.severity !== current.severity ||
    next.confidence !== current.confidence ||
    next.amount?.amountMinor !== current.amount?.amountMinor ||
    next.amount?.currency !== current.amount?.currency ||
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
