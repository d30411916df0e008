import type { Finding } from '../detector/finding.ts'
import type {
  KeyState,
  LeaseRequest,
  MonitorCommit,
  MonitorStore,
  PartitionLease,
  SetAsideRow,
} from './monitor-store.ts'
import { applyFinding, type StoredFinding } from './stored-finding.ts'

/** A {@link MonitorStore} in memory, with what it holds for whoever tests. */
export interface MemoryMonitorStore extends MonitorStore {
  findings(): readonly StoredFinding[]
  setAside(): readonly SetAsideRow[]
}

interface Partition {
  readonly pass: string
  readonly partition: number
  version: number
  owner: string | null
  token: number
  leaseUntil: number
  cursor: string | null
  watermark: number | null
  readAt: number | null
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
  const findings = new Map<string, StoredFinding>()
  /** When each monitor was last seen, by pass and owner. */
  const seen = new Map<string, Map<string, number>>()
  const aside: SetAsideRow[] = []

  function partitionOf(request: LeaseRequest, partition: number): Partition {
    const name = `${request.pass} ${partition}`
    let kept = partitions.get(name)
    if (kept === undefined) {
      kept = {
        pass: request.pass,
        partition,
        version: request.version,
        owner: null,
        token: 0,
        leaseUntil: 0,
        cursor: null,
        watermark: null,
        readAt: null,
      }
      partitions.set(name, kept)
    }
    if (kept.version < request.version) {
      const { version } = request
      Object.assign(kept, { version, cursor: null, watermark: null, token: kept.token + 1 })
      states.delete(name)
    }
    return kept
  }

  function fairShare({ pass, owner, now, leaseMs, partitions: count }: LeaseRequest): number {
    const owners = seen.get(pass) ?? new Map<string, number>()
    seen.set(pass, owners.set(owner, now))
    for (const [other, at] of owners) if (at <= now - leaseMs) owners.delete(other)
    return Math.ceil(count / owners.size)
  }

  function put(finding: Finding): void {
    const next = applyFinding(findings.get(finding.fingerprint), finding)
    findings.set(finding.fingerprint, next)
  }

  function refute({ rejudged, now }: Pick<MonitorCommit, 'rejudged' | 'now'>): void {
    for (const { subject, ruleIds, fingerprints } of rejudged) {
      for (const { finding } of findings.values()) {
        if (finding.subject !== subject || !ruleIds.includes(finding.ruleId)) continue
        if (fingerprints.includes(finding.fingerprint)) continue
        put({ ...finding, action: 'resolve', eventTime: Math.max(finding.eventTime, now) })
      }
    }
  }

  function held({ pass, partition, token }: PartitionLease): Partition | undefined {
    const kept = partitions.get(`${pass} ${partition}`)
    return kept?.token === token ? kept : undefined
  }

  return {
    async lease(request) {
      const { owner, now, leaseMs } = request
      const share = fairShare(request)
      const all = Array.from({ length: request.partitions }, (_, index) =>
        partitionOf(request, index),
      )
      const own = all.filter((kept) => kept.owner === owner && kept.leaseUntil > now)
      for (const extra of own.splice(share)) extra.owner = null
      for (const kept of own) kept.leaseUntil = now + leaseMs
      for (const free of all) {
        if (own.length >= share) break
        if (free.owner !== null && free.leaseUntil > now) continue
        Object.assign(free, { owner, token: free.token + 1, leaseUntil: now + leaseMs })
        own.push(free)
      }
      return own.map(({ pass, partition, token }) => ({ pass, partition, owner, token }))
    },
    async release(owner) {
      for (const kept of partitions.values()) if (kept.owner === owner) kept.owner = null
      for (const owners of seen.values()) owners.delete(owner)
    },
    async open({ pass, partition }) {
      const kept = partitions.get(`${pass} ${partition}`)
      const waiting = [...(states.get(`${pass} ${partition}`)?.values() ?? [])]
      return {
        cursor: kept?.cursor ?? null,
        watermark: kept?.watermark ?? null,
        readAt: kept?.readAt ?? null,
        waiting: waiting.filter(({ wakeAt }) => wakeAt !== null),
      }
    },
    async loadStates({ pass, partition }, keys) {
      const own = states.get(`${pass} ${partition}`)
      return keys.flatMap((key) => own?.get(key) ?? [])
    },
    async commit(commit) {
      const kept = held(commit.lease)
      if (kept === undefined || kept.cursor !== commit.cursorBefore) return 'lost'
      kept.cursor = commit.cursor
      kept.watermark = commit.watermark
      kept.readAt = commit.readAt
      const name = `${kept.pass} ${kept.partition}`
      const own = states.get(name) ?? new Map<string, KeyState>()
      states.set(name, own)
      for (const state of commit.states) own.set(state.key, state)
      refute(commit)
      for (const finding of commit.findings) put(finding)
      aside.push(...commit.setAside)
      return 'committed'
    },
    async note(note) {
      refute(note)
      for (const finding of note.findings) put(finding)
    },
    async listUntold(limit) {
      return [...findings.values()]
        .filter(({ revision, toldRevision }) => toldRevision < revision)
        .slice(0, limit)
        .map(({ finding, revision }) => ({ finding, revision }))
    },
    async markTold(told) {
      for (const { fingerprint, revision } of told) {
        const kept = findings.get(fingerprint)
        if (kept !== undefined) kept.toldRevision = Math.max(kept.toldRevision, revision)
      }
    },
    async listPositions() {
      return [...partitions.values()].map(({ pass, partition, owner, watermark, readAt }) => ({
        pass,
        partition,
        owner,
        watermark,
        readAt,
      }))
    },
    findings: () => [...findings.values()],
    setAside: () => [...aside],
  }
}
