import { assertWholeNumber } from '../errors/invalid-option-error.ts'
import { type AlertGroupState, createAlertGroupState } from './alert-group-state.ts'
import type { AlertHistoryEntry, AlertHistoryFilter } from './alert-history.ts'
import type {
  AlertAcknowledgement,
  AlertManagerStore,
  AlertPutResult,
  AlertTelling,
  ClaimedAlertGroup,
} from './alert-manager-store.ts'
import { severityRank } from './severity-rank.ts'
import type { Silence } from './silence.ts'
import {
  type StoredAlertChange,
  type AlertGroupRef,
  type AlertRoom,
  applyAlertChange,
  type StoredAlert,
} from './stored-alert-change.ts'

/** Options of {@link createMemoryAlertManagerStore}. */
export interface MemoryAlertManagerStoreOptions {
  /** Entries of the history that are kept, the newest. Default 10 000. */
  readonly historyMax?: number | undefined
}

/**
 * Keeps what an alert manager knows in this process, and forgets it with the process. It is the
 * manager's default; several managers in one process may share one.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION`
 *
 * @example
 * ```ts
 * import { createMemoryAlertManagerStore } from '@assay/core'
 *
 * const store = createMemoryAlertManagerStore({ historyMax: 100 })
 * console.log(await store.listAlerts(10)) // []
 * ```
 */
export function createMemoryAlertManagerStore({
  historyMax = 10_000,
}: MemoryAlertManagerStoreOptions = {}): AlertManagerStore {
  assertWholeNumber('createMemoryAlertManagerStore', 'historyMax', historyMax, { min: 0 })
  const alerts = new Map<string, AlertEntry>()
  const groups = new Map<string, GroupEntry>()
  const silences = new Map<string, Silence>()
  /** How many alerts fire under each name of what they mute. */
  const inhibitors = new Map<string, number>()
  let history: AlertHistoryEntry[] = []

  function put(change: StoredAlertChange, room: AlertRoom): AlertPutResult {
    const entry = alerts.get(change.fingerprint)
    const applied = applyAlertChange(entry?.stored, change, room)
    const { next, outcome, droppedGroupCount } = applied
    if (next !== undefined && next !== entry?.stored) {
      countInhibitors(entry?.stored, next)
      const kept = entry ?? new AlertEntry(next)
      kept.stored = next
      if (entry === undefined) alerts.set(next.fingerprint, kept)
      const at = 'at' in change ? change.at : 0
      const { waitsSince } = applied
      for (const ref of applied.joins) join(kept, ref, { at, waitsSince })
    }
    return { outcome, droppedGroupCount }
  }

  function join(
    entry: AlertEntry,
    ref: AlertGroupRef,
    opening: { readonly at: number; readonly waitsSince: number },
  ): void {
    let group = groups.get(ref.key)
    if (group === undefined) {
      group = new GroupEntry(ref, opening)
      groups.set(ref.key, group)
    }
    const { fingerprint } = entry.stored
    if (group.tellings.has(fingerprint)) return
    group.tellings.set(fingerprint, NOBODY)
    entry.groupCount += 1
  }

  function countInhibitors(before: StoredAlert | undefined, after: StoredAlert | undefined): void {
    const count = (stored: StoredAlert | undefined, by: number): void => {
      if (stored?.endsAt !== null) return
      for (const name of stored.inhibits) {
        const firing = (inhibitors.get(name) ?? 0) + by
        if (firing === 0) inhibitors.delete(name)
        else inhibitors.set(name, firing)
      }
    }
    count(after, 1)
    count(before, -1)
  }

  /** Lets a member go that nobody knows of and that has ended or belongs elsewhere. */
  function release(group: GroupEntry, fingerprint: string): void {
    const entry = alerts.get(fingerprint)
    if (entry?.stored.endsAt === null && entry.stored.groupKeys.includes(group.ref.key)) return
    group.tellings.delete(fingerprint)
    if (entry === undefined) return
    entry.groupCount -= 1
    if (entry.groupCount === 0 && entry.stored.endsAt !== null) alerts.delete(fingerprint)
  }

  function lend(group: GroupEntry): ClaimedAlertGroup {
    const { key, routeId, receiver, labels } = group.ref
    const { createdAt, acknowledgement, state } = group
    const isAbandoned = group.leaseToken !== ''
    const members = [...group.tellings].flatMap(([fingerprint, { told, unsure }]) => {
      const stored = alerts.get(fingerprint)?.stored
      return stored === undefined ? [] : [{ stored, told, unsure }]
    })
    return {
      key,
      routeId,
      receiver,
      labels,
      createdAt,
      acknowledgement,
      state,
      isAbandoned,
      members,
    }
  }

  function remember(entries: readonly AlertHistoryEntry[]): void {
    history.push(...entries)
    // Cut rarely, so that it costs nothing to speak of.
    if (history.length > historyMax * 2) history = history.slice(history.length - historyMax)
  }

  return {
    async put(changes, limits) {
      const room: AlertRoom = {
        hasRoomForAlert: () => alerts.size < limits.alerts,
        hasRoomForGroup: (key) => groups.has(key) || groups.size < limits.groups,
      }
      return changes.map((change) => put(change, room))
    },
    async claimDue({ now, leaseMs, token, limit, receivers }) {
      const due = [...groups.values()]
        .filter((group) => group.nextAt <= now && group.leaseUntil <= now)
        .filter(({ ref, nextAt }) => receivers.has(ref.receiver) || nextAt <= now - leaseMs)
        .toSorted((a, b) => a.nextAt - b.nextAt)
        .slice(0, limit)
      const claimed = due.map(lend)
      for (const group of due) {
        group.leaseToken = token
        group.leaseUntil = now + leaseMs
      }
      return { groups: claimed, unreadable: [] }
    },
    async commit({ key, token, state, nextAt, tellings, history: entries }) {
      const group = groups.get(key)
      if (group === undefined || group.leaseToken !== token) return false
      for (const telling of tellings) {
        const { fingerprint, told, unsure } = telling
        if (!group.tellings.has(fingerprint)) continue
        group.tellings.set(fingerprint, telling)
        if (told.length === 0 && unsure.length === 0) release(group, fingerprint)
      }
      remember(entries)
      group.state = state
      group.nextAt = nextAt
      // Somebody took it on while the round was under way.
      if ((group.acknowledgement?.at ?? 0) > state.acknowledgedAt) group.nextAt = 0
      group.leaseToken = ''
      group.leaseUntil = 0
      if (group.tellings.size === 0) groups.delete(key)
      return true
    },
    async firingInhibitors(names) {
      return new Set(names.filter((name) => inhibitors.has(name)))
    },
    async acknowledge({ key, by, at }) {
      const acknowledged = [...groups.values()].filter(
        (group) => group.ref.key === key || group.tellings.has(key),
      )
      for (const group of acknowledged) {
        group.acknowledgement = { by, at }
        group.nextAt = Math.min(group.nextAt, at)
      }
      return acknowledged.map(({ ref }) => ref.key)
    },
    async expireAlerts(now) {
      let count = 0
      for (const entry of alerts.values()) {
        const { stored } = entry
        if (stored.endsAt !== null || stored.expiresAt === null || stored.expiresAt > now) continue
        entry.stored = { ...stored, endsAt: now }
        countInhibitors(stored, entry.stored)
        count += 1
      }
      return count
    },
    async listAlerts(limit) {
      return [...alerts.values()]
        .map(({ stored }) => stored)
        .toSorted((a, b) => b.firedAt - a.firedAt)
        .slice(0, limit)
    },
    async listTold({ receiver, limit }) {
      const told = new Set<StoredAlert>()
      for (const { tellings } of groups.values()) {
        for (const [fingerprint, telling] of tellings) {
          const stored = alerts.get(fingerprint)?.stored
          if (stored?.endsAt === null && telling.told.includes(receiver)) told.add(stored)
        }
      }
      const kept = [...told].toSorted(byUrgency).slice(0, limit)
      return { alerts: kept, omittedCount: told.size - kept.length }
    },
    async firingAmong(fingerprints) {
      return new Set(fingerprints.filter((each) => alerts.get(each)?.stored.endsAt === null))
    },
    async addSilence(silence, { now, limit }) {
      if (unended(silences, now).length >= limit) return false
      silences.set(silence.id, silence)
      return true
    },
    async endSilence(id, now) {
      const silence = silences.get(id)
      if (silence === undefined || silence.endsAt <= now) return false
      silences.set(id, { ...silence, endsAt: now })
      return true
    },
    async listSilences(now) {
      return unended(silences, now).toSorted((a, b) => a.endsAt - b.endsAt)
    },
    async listHistory(filter) {
      const kept = history.slice(-historyMax || history.length)
      return (
        kept
          .filter((entry) => fits(entry, filter))
          // An end enters the history later than it came.
          .toSorted((a, b) => a.at - b.at)
          .toReversed()
          .slice(0, filter.limit)
      )
    },
    async prune({ historyBefore, now, limit }) {
      for (const [id, { endsAt }] of silences) if (endsAt <= now) silences.delete(id)
      const old = history.filter(({ at }) => at < historyBefore).slice(0, limit)
      if (old.length > 0) {
        const gone = new Set(old)
        history = history.filter((entry) => !gone.has(entry))
      }
      return old.length
    },
  }
}

/** One list for all members that nobody was told of. */
const NOBODY: AlertTelling = { told: [], unsure: [] }

/** An alert. Classes, so that a hundred thousand share their shape. */
class AlertEntry {
  stored: StoredAlert
  groupCount = 0

  constructor(stored: StoredAlert) {
    this.stored = stored
  }
}

class GroupEntry {
  readonly ref: AlertGroupRef
  readonly createdAt: number
  /** By the fingerprint of each member, who was told of it. */
  readonly tellings = new Map<string, AlertTelling>()
  acknowledgement: AlertAcknowledgement | null = null
  state: AlertGroupState
  nextAt: number
  leaseToken = ''
  leaseUntil = 0

  constructor(
    ref: AlertGroupRef,
    { at, waitsSince }: { readonly at: number; readonly waitsSince: number },
  ) {
    this.ref = ref
    this.createdAt = at
    this.nextAt = waitsSince + ref.groupWaitMs
    this.state = createAlertGroupState(this.nextAt)
  }
}

/** The worst first, then those that have fired longest. */
function byUrgency(a: StoredAlert, b: StoredAlert): number {
  return severityRank[a.alert.severity] - severityRank[b.alert.severity] || a.firedAt - b.firedAt
}

function unended(silences: ReadonlyMap<string, Silence>, now: number): Silence[] {
  return [...silences.values()].filter(({ endsAt }) => endsAt > now)
}

function fits(entry: AlertHistoryEntry, filter: AlertHistoryFilter): boolean {
  return (
    (filter.fingerprint === undefined || entry.fingerprints.includes(filter.fingerprint)) &&
    (filter.groupKey === undefined || entry.groupKey === filter.groupKey) &&
    (filter.receiver === undefined || entry.receiver === filter.receiver) &&
    (filter.since === undefined || entry.at >= filter.since)
  )
}
