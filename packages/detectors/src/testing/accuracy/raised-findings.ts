import type { Finding } from '../../detector/finding.ts'
import type { MonitorCommit } from '../../monitor/monitor-store.ts'

/** A finding that was raised, and whether it still stands. */
interface RaisedFinding {
  /** As it opened. */
  readonly finding: Finding
  /** Whether a row that came later refuted it, and none since has proved it, as in the store. */
  isWithdrawn: boolean
  /** When it opened, and each time that it grew, by event time. */
  readonly toldAt: number[]
}

/** Everything that detectors raised. */
export interface RaisedFindings {
  all(): Iterable<RaisedFinding>
  /** Takes in what a page led to, in the order in which a store does. */
  commit(commit: Pick<MonitorCommit, 'rejudged' | 'findings'>): void
}

/** Notes what is raised, beside the store, which keeps only what became of it. */
export function createRaisedFindings(): RaisedFindings {
  const byFingerprint = new Map<string, RaisedFinding>()
  const bySubject = new Map<string, RaisedFinding[]>()

  function open(finding: Finding): void {
    if (byFingerprint.has(finding.fingerprint)) return
    const raised = { finding, isWithdrawn: false, toldAt: [finding.eventTime] }
    byFingerprint.set(finding.fingerprint, raised)
    const ofSubject = bySubject.get(finding.subject)
    if (ofSubject === undefined) bySubject.set(finding.subject, [raised])
    else ofSubject.push(raised)
  }

  return {
    all: () => byFingerprint.values(),
    commit({ rejudged, findings }) {
      for (const { subject, ruleIds, fingerprints } of rejudged) {
        for (const raised of bySubject.get(subject) ?? []) {
          const { ruleId, fingerprint } = raised.finding
          if (ruleIds.includes(ruleId) && !fingerprints.includes(fingerprint)) {
            raised.isWithdrawn = true
          }
        }
      }
      for (const finding of findings) {
        const raised = byFingerprint.get(finding.fingerprint)
        if (finding.action === 'open') {
          open(finding)
          if (raised !== undefined) raised.isWithdrawn = false
        } else if (finding.action === 'update') {
          raised?.toldAt.push(finding.eventTime)
        } else if (raised !== undefined && isRefuted(finding)) {
          raised.isWithdrawn = true
        }
      }
    },
  }
}

/** Ended because it never was, and not because it was made good. */
function isRefuted({ action, evidence }: Finding): boolean {
  return action === 'resolve' && 'refutedBy' in evidence
}
