import type { AlertManagerStore } from '../alert-manager-store.ts'
import type { CompiledPolicy } from '../policy/compile-policy.ts'
import { isPlacedSince, type StoredAlert, type StoredAlertChange } from '../stored-alert-change.ts'
import type { AlertGrouper } from './group-alert.ts'
import { inhibitsOf } from './inhibit-alerts.ts'

/** What places alerts. */
export interface AlertPlacement {
  readonly policy: CompiledPolicy
  /** When this process began to use the policy. */
  readonly policySince: number
  readonly grouper: AlertGrouper
  readonly store: AlertManagerStore
}

/**
 * The stage for what the policy would place elsewhere, or have mute something else, because it has
 * changed since the alert came. A process moves only what was placed before it began to use its
 * policy: so an alert moves at most once for each process that starts, and two processes with
 * different policies leave each other's placements alone.
 *
 * @param isForeign whether only another policy can have opened the group: then all is moved
 * @returns the fingerprints of those that belong to the group no more
 */
export async function placeAlerts(
  firing: readonly StoredAlert[],
  {
    key,
    isForeign,
    now,
  }: { readonly key: string; readonly isForeign: boolean; readonly now: number },
  { policy, policySince, grouper, store }: AlertPlacement,
): Promise<ReadonlySet<string>> {
  const changes: Extract<StoredAlertChange, { kind: 'reroute' }>[] = []
  for (const stored of firing) {
    if (isPlacedSince(stored, policySince) && !isForeign) continue
    const { fingerprint, alert, inhibits } = stored
    const groups = grouper(alert)
    const mutes = inhibitsOf(policy, alert)
    if (groups.some((group) => group.key === key) && isSameSet(mutes, inhibits)) continue
    changes.push({ kind: 'reroute', fingerprint, at: now, groups, inhibits: mutes })
  }
  if (changes.length === 0) return NONE
  // They were let in before, so no limit stands in their way.
  await store.put(changes, { alerts: Number.MAX_SAFE_INTEGER, groups: Number.MAX_SAFE_INTEGER })
  return new Set(
    changes
      .filter(({ groups }) => !groups.some((group) => group.key === key))
      .map(({ fingerprint }) => fingerprint),
  )
}

const NONE: ReadonlySet<string> = new Set()

function isSameSet(names: readonly string[], others: readonly string[]): boolean {
  return names.length === others.length && names.every((name) => others.includes(name))
}
