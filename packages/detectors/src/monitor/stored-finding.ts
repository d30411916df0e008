import type { Finding } from '../detector/finding.ts'
import type { RejudgedSubject } from './monitor-store.ts'

/** A finding as a store keeps it. */
export interface StoredFinding {
  readonly finding: Finding
  /** How often it has changed, its opening included. */
  readonly revision: number
  /** The revision that was last handed on; 0 when none was. */
  toldRevision: number
  /** Whose events led to it; `null` where it came of something else, such as a measurement. */
  readonly source: string | null
  /** The earliest event time that it was ever told with, in epoch milliseconds. */
  readonly beganAt: number
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
 * source's events, or of those of the same ledger's sources, even where it says less.
 */
export function applyFinding(
  current: StoredFinding | undefined,
  finding: Finding,
  { source, rejudged }: FindingOrigin,
): StoredFinding {
  const ending: FindingEnding | null = finding.action === 'resolve' ? 'by-rule' : null
  const beganAt = finding.eventTime
  const opened = { finding, source, beganAt, ending }
  if (current === undefined) return { ...opened, revision: 1, toldRevision: 0 }

  const { toldRevision } = current
  const revision = current.revision + 1
  // Two sources may tell of the same events: whoever proves a refuted one has it from then on.
  if (current.ending === 'refuted') {
    return ending === null ? { ...opened, revision, toldRevision } : current
  }
  if (current.ending !== null) return current
  const replaces = rejudged.some(
    (judged) => covers(judged, finding) && isOfItsSources(judged, current, source),
  )
  const isNews = replaces ? differs(current.finding, finding) : grows(current.finding, finding)
  if (!isNews) return current
  return { ...current, finding, revision, beganAt: Math.min(current.beganAt, beganAt), ending }
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
  kept: FindingName & Pick<StoredFinding, 'source' | 'beganAt'>,
  { source, rejudged }: FindingOrigin,
): boolean {
  return rejudged.some(
    (judged) =>
      covers(judged, kept) &&
      isOfItsSources(judged, kept, source) &&
      kept.beganAt >= (judged.since ?? -Infinity) &&
      !judged.fingerprints.includes(kept.fingerprint),
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

function isOfItsSources(
  { sources }: RejudgedSubject,
  kept: Pick<StoredFinding, 'source'>,
  source: string | null,
): boolean {
  return sources === undefined
    ? kept.source === source
    : kept.source !== null && sources.includes(kept.source)
}

/** The evidence of a whole changes with every event, such as all that an account ever moved. */
function differs(current: Finding, next: Finding): boolean {
  return (
    next.action === 'resolve' || next.eventTime !== current.eventTime || saysOther(current, next)
  )
}

function saysOther(current: Finding, next: Finding): boolean {
  return (
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
        (next.eventTime === current.eventTime && growsAtOnce(current, next))
      )
    case 'resolve':
      return true
  }
}

/**
 * One that names fewer transactions came before. Of those that name as many, which are a hundred for
 * one of any size, only the figures tell.
 */
function growsAtOnce(current: Finding, next: Finding): boolean {
  const more = next.transactionIds.length - current.transactionIds.length
  if (more !== 0) return more > 0
  return saysOther(current, next) || hasOtherEvidence(current, next)
}

function hasOtherEvidence({ evidence: current }: Finding, { evidence: next }: Finding): boolean {
  // A database may hand out the same evidence in another order.
  const names = new Set([...Object.keys(current), ...Object.keys(next)])
  return [...names].some((name) => current[name] !== next[name])
}
