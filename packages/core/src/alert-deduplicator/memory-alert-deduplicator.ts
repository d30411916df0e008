import {
  type AlertDecision,
  type AlertReason,
  quiet,
  type UnconfirmedAlertNotice,
} from './alert-decision.ts'
import type { ActiveFailure, AlertDeduplicator } from './alert-deduplicator.ts'
import { FINGERPRINT_LENGTH_MAX, fingerprintOfKey } from './alert-fingerprint.ts'
import {
  type AlertKeyState,
  type AlertKnowledge,
  confirmDelivered,
  confirmUndelivered,
  currentFailureCount,
  isAlerting,
  isSpent,
  type PendingDelivery,
  raiseAlert,
  recordFailure,
  recordSuccess,
} from './alert-key-state.ts'
import { createAlertNotice } from './alert-notice.ts'
import { assertCooldownMs, assertThreshold, type DeduplicatorSettings } from './alert-settings.ts'
import { createEvictionOrder } from './eviction-order.ts'

/**
 * The deduplicator whose keys live in this process. Its times are whole monotonic milliseconds since
 * it was made: a wall clock that jumps neither silences an alert nor repeats one, and V8 keeps such
 * numbers inside the object for the first 24 days, where any other would cost 16 bytes more.
 */
export function createMemoryAlertDeduplicator({
  rules,
  maxKeys,
  clock,
  tally,
}: DeduplicatorSettings): AlertDeduplicator {
  const entries = new Map<string, KeyEntry>()
  const evictable = createEvictionOrder<KeyEntry>()
  const startedAt = clock.monotonic()
  let lastToken = 0

  const elapsedMs = (): number => Math.floor(clock.monotonic() - startedAt)

  /** The entry of a key that begins to fail; `undefined` when there is no room for it. */
  function admit(key: string): KeyEntry | undefined {
    if (entries.size >= maxKeys && !evictOldest()) {
      tally.refused()
      return undefined
    }
    const entry = new KeyEntry(key)
    entries.set(key, entry)
    evictable.add(entry)
    return entry
  }

  function evictOldest(): boolean {
    const oldest = evictable.oldest()
    if (oldest === undefined) return false
    forget(oldest)
    tally.evicted()
    return true
  }

  function forget(entry: KeyEntry): void {
    entries.delete(entry.key)
    evictable.remove(entry)
  }

  /** Frees what nothing is left of, and keeps what is alerting from eviction. */
  function file(entry: KeyEntry): void {
    if (isSpent(entry)) forget(entry)
    else if (isAlerting(entry)) evictable.remove(entry)
    else evictable.add(entry)
  }

  function notify(
    entry: KeyEntry,
    reason: AlertReason,
    now: number,
    key: string,
    error?: unknown,
  ): AlertDecision {
    const notice = createAlertNotice(key, reason, entry, Math.round(clock.now()) - now, error)
    lastToken += 1
    const token = String(lastToken)
    raiseAlert(entry, reason, rules, now, token)
    file(entry)
    tally.notice(reason)
    return rules.confirm === 'auto' ? notice : { ...notice, ...confirmations(entry.key, token) }
  }

  function confirmations(
    key: string,
    token: string,
  ): Pick<UnconfirmedAlertNotice, 'delivered' | 'undelivered'> {
    const confirm = (take: (entry: KeyEntry) => void): void => {
      const entry = entries.get(key)
      if (entry === undefined) return
      take(entry)
      file(entry)
    }
    return {
      delivered: () => confirm((entry) => confirmDelivered(entry, token, elapsedMs())),
      undelivered: () => confirm((entry) => confirmUndelivered(entry, token)),
    }
  }

  return {
    fail(key, error) {
      const kept = keptKey(key)
      const entry = entries.get(kept) ?? admit(kept)
      if (entry === undefined) return quiet.atCapacity
      const now = elapsedMs()
      const outcome = recordFailure(entry, rules, now)
      return typeof outcome === 'string' ? notify(entry, outcome, now, key, error) : outcome
    },
    succeed(key) {
      const entry = entries.get(keptKey(key))
      if (entry === undefined) return quiet.notAlerted
      const now = elapsedMs()
      const outcome = recordSuccess(entry, rules, now)
      if (typeof outcome === 'string') return notify(entry, outcome, now, key)
      file(entry)
      return outcome
    },
    failureCount(key) {
      const entry = entries.get(keptKey(key))
      return entry === undefined ? 0 : currentFailureCount(entry)
    },
    reset(key) {
      const entry = entries.get(keptKey(key))
      if (entry !== undefined) forget(entry)
    },
    activeFailures() {
      const epochOffsetMs = Math.round(clock.now()) - elapsedMs()
      const failures: ActiveFailure[] = []
      for (const entry of entries.values()) {
        if (!entry.recovered) failures.push(toActiveFailure(entry, epochOffsetMs))
      }
      return failures
    },
    setThreshold(threshold) {
      assertThreshold('setThreshold', threshold)
      rules.threshold = threshold
    },
    setCooldown(cooldownMs) {
      assertCooldownMs('setCooldown', cooldownMs)
      rules.cooldownMs = cooldownMs
    },
    get keyCount() {
      return entries.size
    },
    get evictedCount() {
      return tally.evictedCount
    },
    get refusedCount() {
      return tally.refusedCount
    },
  }
}

/** One key. A class, so that a million of them share their shape; each field is one machine word. */
class KeyEntry implements AlertKeyState {
  readonly key: string
  older: KeyEntry | null = null
  newer: KeyEntry | null = null
  failureCount = 0
  failingSince = 0
  recovered = true
  alert: AlertKnowledge = 'none'
  alertedAt = 0
  alertedCount = 0
  pending: PendingDelivery | null = null

  constructor(key: string) {
    this.key = key
  }
}

/** Bounds what a hostile key costs. */
function keptKey(key: string): string {
  return key.length > FINGERPRINT_LENGTH_MAX ? fingerprintOfKey(key) : key
}

function toActiveFailure(entry: KeyEntry, epochOffsetMs: number): ActiveFailure {
  return {
    key: entry.key,
    failureCount: entry.failureCount,
    failingSince: entry.failingSince + epochOffsetMs,
    alerting: isAlerting(entry),
  }
}
