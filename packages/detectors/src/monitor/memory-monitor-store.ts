import { applyEventUpdate } from '../monitoring-events/apply-event-update.ts'
import { applyFindingToEvent } from '../monitoring-events/apply-finding-to-event.ts'
import type { MonitoringEvent } from '../monitoring-events/monitoring-event.ts'
import type { MonitoringEventUpdate } from '../monitoring-events/monitoring-repository.ts'
import type {
  KeyState,
  LeaseRequest,
  MonitorCommit,
  MonitorNote,
  MonitorStore,
  PartitionLease,
  SetAsideRow,
} from './monitor-store.ts'
import { type HeldPartition, isHeldBy, sharePartitions } from './share-partitions.ts'
import {
  applyFinding,
  endFinding,
  type FindingOrigin,
  isRefuted,
  refuteFinding,
  settleFindings,
  type StoredFinding,
} from './stored-finding.ts'

/** A {@link MonitorStore} in memory, with what it holds for whoever tests. */
export interface MemoryMonitorStore extends MonitorStore {
  findings(): readonly StoredFinding[]
  setAside(): readonly SetAsideRow[]
  /** The findings as people work on them, oldest first. */
  events(): readonly MonitoringEvent[]
  /** As `updateEvent` of a `MonitoringRepository`; what a person ends is told as ended. */
  updateEvent(update: MonitoringEventUpdate): MonitoringEvent | 'unknown' | 'conflict'
}

interface Partition extends HeldPartition {
  readonly pass: string
  readonly beganAt: number
  readonly cursor: string | null
  readonly watermark: number | null
  readonly readAt: number | null
}

interface Kept {
  readonly stored: StoredFinding
  readonly event: MonitoringEvent
}

/**
 * Keeps what a monitor knows in this process, and forgets it with the process. Several monitors of one
 * process may share one.
 *
 * @example
 * ```ts
 * import { createMemoryMonitorStore } from '@assay/detectors'
 *
 * const store = createMemoryMonitorStore()
 * console.log(await store.listPositions()) // []
 * ```
 */
export function createMemoryMonitorStore(): MemoryMonitorStore {
  const partitions = new Map<string, Partition>()
  /** By pass and partition, then by key. */
  const states = new Map<string, Map<string, KeyState>>()
  const findings = new Map<string, Kept>()
  /** By pass, then by owner. */
  const seen = new Map<string, Map<string, { readonly version: number; readonly at: number }>>()
  /** By source, reason and row. */
  const aside = new Map<string, SetAsideRow>()

  function partitionFor({ pass, version, now }: LeaseRequest, partition: number): Partition {
    const kept = partitions.get(nameOf({ pass, partition }))
    if (kept === undefined) return { ...UNREAD, pass, partition, version, beganAt: now }
    if (kept.version >= version) return kept
    states.delete(nameOf(kept))
    return { ...kept, version, cursor: null, watermark: null, owner: null, token: kept.token + 1 }
  }

  function countOwners({ pass, owner, version, now, leaseMs }: LeaseRequest): number {
    const owners = seen.get(pass) ?? new Map<string, { version: number; at: number }>()
    seen.set(pass, owners.set(owner, { version, at: now }))
    for (const [other, { at }] of owners) if (at <= now - leaseMs) owners.delete(other)
    // An older release gets no partitions, so it has no share either.
    return [...owners.values()].filter((each) => each.version >= version).length
  }

  function put(stored: StoredFinding, now: number): void {
    const { finding } = stored
    const kept = findings.get(finding.fingerprint)
    if (stored === kept?.stored) return
    const current = kept?.event ?? { eventId: String(findings.size + 1) }
    // What only may come true again is no news of the event.
    const isTold = finding !== kept?.stored.finding
    const event = isTold ? applyFindingToEvent(current, finding, now) : kept.event
    findings.set(finding.fingerprint, { stored, event })
  }

  function putAll({ findings: found, now, ...origin }: MonitorNote & FindingOrigin): void {
    if (origin.rejudged.length > 0) {
      for (const { stored } of findings.values()) {
        if (isRefuted({ ...stored.finding, ...stored }, origin))
          put(refuteFinding(stored, now), now)
      }
    }
    for (const finding of settleFindings(found, origin.rejudged)) {
      const current = findings.get(finding.fingerprint)?.stored
      put(applyFinding(current, finding, origin), now)
    }
  }

  function commit(page: MonitorCommit): 'committed' | 'lost' {
    const { lease, cursorBefore, cursor, watermark, readAt } = page
    const name = nameOf(lease)
    const kept = partitions.get(name)
    if (kept?.token !== lease.token || kept.cursor !== cursorBefore) return 'lost'
    partitions.set(name, { ...kept, cursor, watermark, readAt })
    const own = states.get(name) ?? new Map<string, KeyState>()
    states.set(name, own)
    for (const state of page.states) own.set(state.key, state)
    putAll(page)
    for (const row of page.setAside) {
      const name = JSON.stringify([row.source, row.reason, row.row])
      if (!aside.has(name)) aside.set(name, row)
    }
    return 'committed'
  }

  function updateEvent(update: MonitoringEventUpdate): MonitoringEvent | 'unknown' | 'conflict' {
    const kept = [...findings.values()].find(({ event }) => event.eventId === update.eventId)
    if (kept === undefined) return 'unknown'
    const event = applyEventUpdate(kept.event, update)
    if (event === 'conflict') return event
    const stored = event.status === 'resolved' ? endFinding(kept.stored) : kept.stored
    findings.set(event.fingerprint, { stored, event })
    return event
  }

  return {
    async lease(request) {
      const { pass, version, owner, now } = request
      const all = Array.from({ length: request.partitions }, (_, index) =>
        partitionFor(request, index),
      )
      const shared = sharePartitions(all, request, countOwners(request))
      for (const partition of shared) partitions.set(nameOf(partition), partition)
      return shared
        .filter((partition) => isHeldBy(partition, owner, now) && partition.version <= version)
        .map(({ partition, token }) => ({ pass, partition, owner, token }))
    },
    async release(owner, pass) {
      for (const [name, kept] of partitions) {
        if (kept.owner !== owner || (pass ?? kept.pass) !== kept.pass) continue
        partitions.set(name, { ...kept, owner: null })
      }
      for (const [name, owners] of seen) if ((pass ?? name) === name) owners.delete(owner)
    },
    async open(lease) {
      const { cursor, watermark, readAt } = partitions.get(nameOf(lease)) ?? UNREAD
      const waiting = [...(states.get(nameOf(lease))?.values() ?? [])]
      return {
        cursor,
        watermark,
        readAt,
        waiting: waiting.filter(({ wakeAt }) => wakeAt !== null),
      }
    },
    async loadStates(lease, keys) {
      const own = states.get(nameOf(lease))
      return keys.flatMap((key) => own?.get(key) ?? [])
    },
    commit: async (page) => commit(page),
    note: async (noted) => putAll({ ...noted, source: null }),
    async listUntold({ after, limit }) {
      const all = [...findings.keys()]
      const from = after === undefined ? 0 : all.indexOf(after) + 1
      return [...findings.values()]
        .slice(from)
        .filter(({ stored }) => stored.toldRevision < stored.revision)
        .slice(0, limit)
        .map(({ stored: { finding, revision } }) => ({ finding, revision }))
    },
    async markTold(told) {
      for (const { fingerprint, revision } of told) {
        const stored = findings.get(fingerprint)?.stored
        if (stored !== undefined) stored.toldRevision = revision
      }
    },
    async listPositions() {
      return [...partitions.values()].map(
        ({ pass, partition, owner, watermark, beganAt, readAt }) => ({
          pass,
          partition,
          owner,
          watermark,
          beganAt,
          readAt,
        }),
      )
    },
    findings: () => [...findings.values()].map(({ stored }) => stored),
    setAside: () => [...aside.values()],
    events: () => [...findings.values()].map(({ event }) => event),
    updateEvent,
  }
}

/** A partition of which nothing is known yet. */
const UNREAD = {
  owner: null,
  token: 0,
  leaseUntil: 0,
  cursor: null,
  watermark: null,
  readAt: null,
}

function nameOf({ pass, partition }: Pick<PartitionLease, 'pass' | 'partition'>): string {
  return `${pass} ${partition}`
}
