import type { CircuitBreaker } from '@assay/core'

import { findingFingerprint } from '../detector/finding-fingerprint.ts'
import type { Finding } from '../detector/finding.ts'
import type { MonitorNote, PartitionStatus } from './monitor-store.ts'

/** Rules about the sources themselves. */
export type SourceRuleId = 'source.silent' | 'source.failing'

/** Whether sources still speak, and whether they can be read. */
export interface SourceWatch {
  /**
   * What holds of the sources now: everything else about them has ended.
   *
   * @param positions how far each partition was read; `null` when that cannot be told
   */
  look(positions: readonly PartitionStatus[] | null, now: number): MonitorNote
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
  /** After how long without an event a source is silent. */
  readonly silenceAfterMs: number
  readonly tenant: string | null
}

/** Makes the watch. */
export function createSourceWatch({
  sources,
  silenceAfterMs,
  tenant,
}: SourceWatchOptions): SourceWatch {
  /** Since when each failing source fails. */
  const failingSince = new Map<string, number>()

  function findFailing({ id, breaker }: WatchedSource, now: number): SourceFinding[] {
    if (breaker.state === 'closed') {
      failingSince.delete(id)
      return []
    }
    const since = failingSince.get(id) ?? now
    failingSince.set(id, since)
    return [{ ...aboutSource('source.failing', id, since, tenant), severity: 'high', evidence: {} }]
  }

  function findSilent(
    { id, passes }: WatchedSource,
    positions: readonly PartitionStatus[],
    now: number,
  ): SourceFinding[] {
    const readAt = newestReading(positions, passes)
    if (readAt === null || now - readAt <= silenceAfterMs) return []
    const evidence = { lastReadAt: readAt }
    return [{ ...aboutSource('source.silent', id, readAt, tenant), severity: 'medium', evidence }]
  }

  return {
    look(positions, now) {
      const findings = sources.flatMap((source) => [
        ...findFailing(source, now),
        ...(positions === null ? [] : findSilent(source, positions, now)),
      ])
      const ruleIds = positions === null ? ['source.failing'] : ['source.failing', 'source.silent']
      const rejudged = sources.map(({ id: subject }) => ({
        subject,
        ruleIds,
        fingerprints: findings.map(({ fingerprint }) => fingerprint),
      }))
      return { findings, rejudged, now }
    },
  }
}

type SourceFinding = Finding<SourceRuleId>

function newestReading(
  positions: readonly PartitionStatus[],
  passes: readonly string[],
): number | null {
  let newest: number | null = null
  for (const { pass, readAt } of positions) {
    if (passes.includes(pass) && readAt !== null) newest = Math.max(newest ?? readAt, readAt)
  }
  return newest
}

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
