import type { Alert } from '../alerts/alert.ts'

/** An alert as a store keeps it. Never changed in place. */
export interface StoredAlert {
  readonly fingerprint: string
  readonly alert: Alert
  /** When the manager heard that it fires, in epoch milliseconds. */
  readonly firedAt: number
  /** When it ended; `null` while it fires. */
  readonly endsAt: number | null
  /** When it ends unless it is fired again; `null` for one that fires until it is resolved. */
  readonly expiresAt: number | null
  /** Names of what it mutes while it fires. */
  readonly inhibits: readonly string[]
  /** The groups that it belongs to now. */
  readonly groupKeys: readonly string[]
}

/** A group as an alert joins it. */
export interface AlertGroupRef {
  readonly key: string
  readonly routeId: string
  readonly receiver: string
  readonly labels: Readonly<Record<string, string>>
  readonly groupWaitMs: number
}

/** Something that a store is to take in. */
export type StoredAlertChange =
  | {
      readonly kind: 'fire'
      readonly fingerprint: string
      readonly alert: Alert
      readonly at: number
      readonly expiresAt: number | null
      readonly inhibits: readonly string[]
      readonly groups: readonly AlertGroupRef[]
      /** Taken in even at the limits: it says that they were reached. */
      readonly isReserved: boolean
    }
  | { readonly kind: 'resolve'; readonly fingerprint: string; readonly endsAt: number }
  /** The policy sends a firing alert elsewhere now. */
  | {
      readonly kind: 'reroute'
      readonly fingerprint: string
      readonly at: number
      readonly groups: readonly AlertGroupRef[]
    }

/** What became of a change. */
export type StoredAlertChangeOutcome =
  | 'accepted'
  | 'updated'
  | 'resolved'
  | 'not-firing'
  | 'alert-limit'
  | 'group-limit'

/** What a change means for an alert. */
export interface AppliedAlertChange {
  readonly outcome: StoredAlertChangeOutcome
  /** What is kept from now on; the same object where nothing changes. */
  readonly next: StoredAlert | undefined
  /** Groups that it enters, those that it comes back to included. */
  readonly joins: readonly AlertGroupRef[]
  /** Groups that had no room for it. */
  readonly droppedGroupCount: number
}

/** What limits a change: whether there is room for a new alert, and for a new group. */
export interface AlertRoom {
  hasRoomForAlert(): boolean
  hasRoomForGroup(key: string): boolean
}

/** What a change means, the same in every store. */
export function applyAlertChange(
  current: StoredAlert | undefined,
  change: StoredAlertChange,
  room: AlertRoom,
): AppliedAlertChange {
  switch (change.kind) {
    case 'fire':
      return current?.endsAt === null
        ? applyNews(current, change, room)
        : applyStart(current, change, room)
    case 'resolve':
      if (current?.endsAt !== null) return nothing('not-firing', current)
      return { ...nothing('resolved'), next: { ...current, endsAt: change.endsAt } }
    case 'reroute':
      if (current?.endsAt !== null) return nothing('not-firing', current)
      return { ...nothing('updated'), ...enterGroups(current, change.groups, room, false) }
  }
}

type Fire = Extract<StoredAlertChange, { kind: 'fire' }>

function applyStart(
  current: StoredAlert | undefined,
  change: Fire,
  room: AlertRoom,
): AppliedAlertChange {
  if (current === undefined && !change.isReserved && !room.hasRoomForAlert()) {
    return nothing('alert-limit')
  }
  const joins = admitted(change.groups, room, change.isReserved)
  const droppedGroupCount = change.groups.length - joins.length
  if (joins.length === 0) return { ...nothing('group-limit', current), droppedGroupCount }
  const next: StoredAlert = {
    fingerprint: change.fingerprint,
    alert: change.alert,
    firedAt: change.at,
    endsAt: null,
    expiresAt: change.expiresAt,
    inhibits: change.inhibits,
    groupKeys: keysOf(joins),
  }
  return { outcome: 'accepted', next, joins, droppedGroupCount }
}

function applyNews(current: StoredAlert, change: Fire, room: AlertRoom): AppliedAlertChange {
  const entered = enterGroups(current, change.groups, room, change.isReserved)
  const next: StoredAlert = {
    fingerprint: current.fingerprint,
    alert: change.alert,
    firedAt: current.firedAt,
    endsAt: null,
    expiresAt: change.expiresAt,
    inhibits: change.inhibits,
    groupKeys: entered.next.groupKeys,
  }
  return {
    outcome: 'updated',
    next,
    joins: entered.joins,
    droppedGroupCount: entered.droppedGroupCount,
  }
}

function enterGroups(
  current: StoredAlert,
  groups: readonly AlertGroupRef[],
  room: AlertRoom,
  isReserved: boolean,
): Omit<AppliedAlertChange, 'outcome' | 'next'> & { readonly next: StoredAlert } {
  if (isSameList(current.groupKeys, groups))
    return { next: current, joins: [], droppedGroupCount: 0 }
  const kept = groups.filter(
    ({ key }) => current.groupKeys.includes(key) || isReserved || room.hasRoomForGroup(key),
  )
  const droppedGroupCount = groups.length - kept.length
  // Better told in its former group than nowhere.
  if (kept.length === 0) return { next: current, joins: [], droppedGroupCount }
  const joins = kept.filter(({ key }) => !current.groupKeys.includes(key))
  return { next: { ...current, groupKeys: keysOf(kept) }, joins, droppedGroupCount }
}

function admitted(
  groups: readonly AlertGroupRef[],
  room: AlertRoom,
  isReserved: boolean,
): readonly AlertGroupRef[] {
  if (isReserved || groups.every(({ key }) => room.hasRoomForGroup(key))) return groups
  return groups.filter(({ key }) => room.hasRoomForGroup(key))
}

function isSameList(keys: readonly string[], groups: readonly AlertGroupRef[]): boolean {
  return keys.length === groups.length && groups.every(({ key }, index) => key === keys[index])
}

/** Alerts of the same groups share one list, which saves more than a hundred bytes an alert. */
const keysByGroups = new WeakMap<readonly AlertGroupRef[], readonly string[]>()

function keysOf(groups: readonly AlertGroupRef[]): readonly string[] {
  let keys = keysByGroups.get(groups)
  if (keys === undefined) {
    keys = groups.map(({ key }) => key)
    keysByGroups.set(groups, keys)
  }
  return keys
}

function nothing(outcome: StoredAlertChangeOutcome, next?: StoredAlert): AppliedAlertChange {
  return { outcome, next, joins: [], droppedGroupCount: 0 }
}
