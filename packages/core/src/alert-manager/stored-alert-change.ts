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
  /** When a policy chose those; `null` where that is to be done anew, for want of room. */
  readonly placedAt: number | null
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
      /**
       * When the process began to use its policy: where one that may have another policy has placed the
       * alert since, it stays there, or the two would move it to and fro.
       */
      readonly policySince: number
      /** Taken in even at the limits: it says that they were reached. */
      readonly isReserved: boolean
    }
  | { readonly kind: 'resolve'; readonly fingerprint: string; readonly endsAt: number }
  /** The policy sends a firing alert elsewhere now, or has it mute something else. */
  | {
      readonly kind: 'reroute'
      readonly fingerprint: string
      readonly at: number
      readonly inhibits: readonly string[]
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
  /** From when those of them wait that are new: an alert that is moved does not wait again. */
  readonly waitsSince: number
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
      return applyMove(current, change, room)
  }
}

/** Whether an alert was placed by a process that may have a younger policy than this one. */
export function isPlacedSince({ placedAt }: StoredAlert, policySince: number): boolean {
  return placedAt !== null && placedAt > policySince
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
  const placedAt = droppedGroupCount > 0 ? null : change.at
  if (joins.length === 0) return { ...nothing('group-limit', current), droppedGroupCount }
  const next: StoredAlert = {
    fingerprint: change.fingerprint,
    alert: change.alert,
    firedAt: change.at,
    endsAt: null,
    expiresAt: change.expiresAt,
    inhibits: change.inhibits,
    groupKeys: keysOf(joins),
    placedAt,
  }
  return { outcome: 'accepted', next, joins, waitsSince: change.at, droppedGroupCount }
}

function applyNews(current: StoredAlert, change: Fire, room: AlertRoom): AppliedAlertChange {
  const { severity, source, startsAt } = current.alert
  // All else by which a policy can tell alerts apart names another alert.
  const isAlike = severity === change.alert.severity && source === change.alert.source
  const placed =
    isAlike && isPlacedSince(current, change.policySince)
      ? stay(current, change)
      : place(current, change, room)
  // Whoever fires it again may say since when anew, and it has been so all along.
  const alert = startsAt < change.alert.startsAt ? { ...change.alert, startsAt } : change.alert
  const next: StoredAlert = {
    fingerprint: current.fingerprint,
    alert,
    firedAt: current.firedAt,
    endsAt: null,
    expiresAt: change.expiresAt,
    inhibits: placed.inhibits,
    groupKeys: placed.groupKeys,
    placedAt: placed.placedAt,
  }
  const { joins, droppedGroupCount } = placed
  const waitsSince = isAlike ? current.firedAt : change.at
  return { outcome: 'updated', next, joins, waitsSince, droppedGroupCount }
}

function applyMove(
  current: StoredAlert,
  change: Extract<StoredAlertChange, { kind: 'reroute' }>,
  room: AlertRoom,
): AppliedAlertChange {
  const { joins, droppedGroupCount, ...placed } = place(current, change, room)
  const next = { ...current, ...placed }
  return { outcome: 'updated', next, joins, waitsSince: current.firedAt, droppedGroupCount }
}

/** Where an alert that fires belongs. */
interface Placed
  extends
    Pick<StoredAlert, 'groupKeys' | 'inhibits' | 'placedAt'>,
    Pick<AppliedAlertChange, 'joins' | 'droppedGroupCount'> {}

/**
 * What another policy has placed stays there. It mutes what either would have it mute: each asks only
 * for the names that it knows.
 */
function stay({ groupKeys, inhibits, placedAt }: StoredAlert, change: Fire): Placed {
  const others = change.inhibits.filter((name) => !inhibits.includes(name))
  return {
    groupKeys,
    inhibits: others.length === 0 ? inhibits : [...inhibits, ...others],
    placedAt,
    joins: [],
    droppedGroupCount: 0,
  }
}

function place(
  current: StoredAlert,
  {
    at,
    groups,
    inhibits,
    isReserved = false,
  }: Pick<Fire, 'at' | 'groups' | 'inhibits'> & { readonly isReserved?: boolean },
  room: AlertRoom,
): Placed {
  const isHere = ({ key }: AlertGroupRef): boolean => current.groupKeys.includes(key)
  const isSame = isSameList(current.groupKeys, groups)
  const kept = isSame
    ? groups
    : groups.filter((group) => isHere(group) || isReserved || room.hasRoomForGroup(group.key))
  const droppedGroupCount = groups.length - kept.length
  const isUnchanged = isSame && isSameNames(current.inhibits, inhibits) && current.placedAt !== null
  return {
    // Better told in its former group than nowhere.
    groupKeys: isSame || kept.length === 0 ? current.groupKeys : keysOf(kept),
    inhibits,
    placedAt: droppedGroupCount > 0 ? null : isUnchanged ? current.placedAt : at,
    joins: isSame ? [] : kept.filter((group) => !isHere(group)),
    droppedGroupCount,
  }
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

function isSameNames(names: readonly string[], others: readonly string[]): boolean {
  return names.length === others.length && names.every((name, index) => name === others[index])
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
  return { outcome, next, joins: [], waitsSince: 0, droppedGroupCount: 0 }
}
