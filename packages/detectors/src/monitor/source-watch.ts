import type { CircuitBreaker } from '@assay/core'

import { findingFingerprint } from '../detector/finding-fingerprint.ts'
import type { Finding } from '../detector/finding.ts'
import type {
  MonitorNote,
  MonitorStore,
  PartitionStatus,
  RejudgedSubject,
} from './monitor-store.ts'
import { takeSoleRight } from './sole-right.ts'

/** Rules about the sources themselves. */
export type SourceRuleId = 'source.silent' | 'source.failing'

/** Names the job that looks after the sources. */
export const SOURCE_WATCH_JOB = 'source-watch'

/** Whether sources still speak, and whether they can be read. */
export interface SourceWatch {
  look(now: number): Promise<SourcesSeen>
}

/** What a watch saw. */
interface SourcesSeen {
  /** What holds of the sources now: everything else about them that this monitor can tell has ended. */
  readonly note: MonitorNote
  /** What the store threw that was asked about them; `null` where it answered. */
  readonly storeFailure: { readonly error: unknown } | null
}

/** A source under watch. */
interface WatchedSource {
  readonly id: string
  /** The store's names of the passes that read it. */
  readonly passes: readonly string[]
  readonly breaker: CircuitBreaker
}

/** What a source watch is set to. */
export interface SourceWatchOptions {
  readonly sources: readonly WatchedSource[]
  readonly store: Pick<MonitorStore, 'lease' | 'listPositions'>
  /** Names this monitor among those of the store. */
  readonly owner: string
  /** After how long without an event a source is silent. */
  readonly silenceAfterMs: number
  readonly tenant: string | null
}

/** How long a monitor that cannot read a source is believed without saying so again. */
const CLAIM_MS = 300_000

/** Makes the watch. */
export function createSourceWatch({
  sources,
  store,
  owner,
  silenceAfterMs,
  tenant,
}: SourceWatchOptions): SourceWatch {
  /** Since when each failing source fails. */
  const failingSince = new Map<string, number>()

  /**
   * Whether this monitor is the one to say if a source can be read. A circuit is known to its own process
   * alone, so whoever cannot read a source has the word for as long as it lives, and others must not
   * say otherwise. Whoever can read it has the word while nobody claims it, and only for this moment.
   */
  async function hasTheWord({ id, breaker }: WatchedSource, now: number): Promise<boolean> {
    const leaseMs = breaker.state === 'closed' ? 1 : CLAIM_MS
    const right = `reading ${id}`
    return (await takeSoleRight(store, { right, owner, now, leaseMs })) !== null
  }

  function findFailing({ id, breaker }: WatchedSource, now: number): SourceFinding[] {
    if (breaker.state === 'closed') {
      failingSince.delete(id)
      return []
    }
    const since = failingSince.get(id) ?? now
    failingSince.set(id, since)
    return [{ ...aboutSource('source.failing', id, since, tenant), severity: 'high', evidence: {} }]
  }

  async function lookAtReading(
    source: WatchedSource,
    now: number,
    onStoreFailure: (error: unknown) => null,
  ): Promise<SourceLook> {
    const findings = findFailing(source, now)
    // A store that does not answer may be the very database that cannot be read: that is told, and
    // nothing is ended.
    const word = await hasTheWord(source, now).catch(onStoreFailure)
    if (word === null) return { findings, ruleIds: [] }
    return word ? { findings, ruleIds: ['source.failing'] } : UNTOLD
  }

  function lookAtSilence(
    { id, passes }: WatchedSource,
    positions: readonly PartitionStatus[] | null,
    now: number,
  ): SourceLook {
    const ofSource = (positions ?? []).filter(({ pass }) => passes.includes(pass))
    if (ofSource.length === 0) return UNTOLD
    const readAt = ofSource.flatMap((position) => position.readAt ?? [])
    const lastReadAt = readAt.length === 0 ? null : Math.max(...readAt)
    // One that never spoke is measured from when it was first listened to.
    const quietSince = lastReadAt ?? Math.min(...ofSource.map(({ beganAt }) => beganAt))
    const isSilent = now - quietSince > silenceAfterMs
    const about = aboutSource('source.silent', id, quietSince, tenant)
    const silent: SourceFinding = { ...about, severity: 'medium', evidence: { lastReadAt } }
    return { findings: isSilent ? [silent] : [], ruleIds: ['source.silent'] }
  }

  return {
    async look(now) {
      let storeFailure: SourcesSeen['storeFailure'] = null
      const onStoreFailure = (error: unknown): null => {
        storeFailure = { error }
        return null
      }
      const positions = await store.listPositions().catch(onStoreFailure)
      const findings: SourceFinding[] = []
      const rejudged: RejudgedSubject[] = []
      for (const source of sources) {
        const reading = await lookAtReading(source, now, onStoreFailure)
        const silence = lookAtSilence(source, positions, now)
        const found = [...reading.findings, ...silence.findings]
        findings.push(...found)
        rejudged.push({
          subject: source.id,
          ruleIds: [...reading.ruleIds, ...silence.ruleIds],
          fingerprints: found.map(({ fingerprint }) => fingerprint),
        })
      }
      return { note: { findings, rejudged, now }, storeFailure }
    },
  }
}

type SourceFinding = Finding<SourceRuleId>

/** What was seen of a source. */
interface SourceLook {
  readonly findings: readonly SourceFinding[]
  /** Of which rules this is all that holds. */
  readonly ruleIds: readonly SourceRuleId[]
}

const UNTOLD: SourceLook = { findings: [], ruleIds: [] }

function aboutSource(
  ruleId: SourceRuleId,
  id: string,
  eventTime: number,
  tenant: string | null,
): Omit<Finding<SourceRuleId>, 'severity' | 'evidence'> {
  return {
    fingerprint: findingFingerprint(ruleId, tenant, [id, String(eventTime)]),
    ruleId,
    ruleVersion: 1,
    action: 'open',
    subject: id,
    transactionIds: [],
    eventTime,
    confidence: 1,
  }
}
