import type { CreateId } from '../runtime/create-id.ts'
import {
  type AlertNotice,
  type AlertReason,
  type NoAlert,
  quiet,
  type StoredAlertDecision,
  type StoredUnconfirmedAlertNotice,
} from './alert-decision.ts'
import type { AlertDeduplicatorStore } from './alert-deduplicator-store.ts'
import type { StoredAlertDeduplicator } from './alert-deduplicator.ts'
import { FINGERPRINT_LENGTH_MAX, fingerprintOfKey } from './alert-fingerprint.ts'
import { type AlertKeyStep, createAlertKeyQueue } from './alert-key-queue.ts'
import {
  type AlertKeyState,
  confirmDelivered,
  confirmUndelivered,
  createAlertKeyState,
  currentFailureCount,
  isAlerting,
  raiseAlert,
  recordFailure,
  recordSuccess,
} from './alert-key-state.ts'
import { createAlertNotice } from './alert-notice.ts'
import { assertCooldownMs, assertThreshold, type DeduplicatorSettings } from './alert-settings.ts'

/** What only a deduplicator with a store needs. */
export interface StoredDeduplicatorSettings extends DeduplicatorSettings {
  readonly store: AlertDeduplicatorStore
  readonly createId: CreateId
  readonly commitAttemptsMax: number
  readonly waitingMax: number
}

/** A decision that counts once the store has committed it. */
interface RaisedAlert {
  readonly notice: AlertNotice
  readonly token: string
}

/**
 * The deduplicator whose keys live in a store. Its times are epoch milliseconds, the only ones that
 * processes share: when a host's clock is set, an alert may repeat early or up to one cooldown late.
 */
export function createStoredAlertDeduplicator(
  settings: StoredDeduplicatorSettings,
): StoredAlertDeduplicator {
  const { rules, maxKeys, tally, store, createId } = settings
  const queue = createAlertKeyQueue({ ...settings, onEvicted: () => tally.evicted() })

  async function decide(
    key: string,
    step: AlertKeyStep<RaisedAlert | NoAlert>,
  ): Promise<StoredAlertDecision> {
    const kept = keptKey(key)
    const outcome = await queue.apply(kept, step)
    if (outcome === quiet.atCapacity) tally.refused()
    if ('why' in outcome) return outcome

    const { notice, token } = outcome
    tally.notice(notice.reason)
    return rules.confirm === 'auto' ? notice : { ...notice, ...confirmations(kept, token) }
  }

  function raise(
    key: string,
    reason: AlertReason,
    state: AlertKeyState,
    now: number,
    error?: unknown,
  ): RaisedAlert {
    const notice = createAlertNotice(key, reason, state, 0, error)
    const token = createId()
    raiseAlert(state, reason, rules, now, token)
    return { notice, token }
  }

  function confirmations(
    kept: string,
    token: string,
  ): Pick<StoredUnconfirmedAlertNotice, 'delivered' | 'undelivered'> {
    return {
      delivered: () =>
        queue.apply(kept, { run: (state, now) => confirmDelivered(state, token, now) }),
      undelivered: () => queue.apply(kept, { run: (state) => confirmUndelivered(state, token) }),
    }
  }

  return {
    fail: (key, error) =>
      decide(key, {
        run(state, now) {
          const outcome = recordFailure(state, rules, now)
          return typeof outcome === 'string' ? raise(key, outcome, state, now, error) : outcome
        },
        refused: quiet.atCapacity,
      }),
    succeed: (key) =>
      decide(key, {
        run(state, now) {
          const outcome = recordSuccess(state, rules, now)
          return typeof outcome === 'string' ? raise(key, outcome, state, now) : outcome
        },
      }),
    failureCount: (key) => queue.apply(keptKey(key), { run: currentFailureCount, readsOnly: true }),
    reset: (key) =>
      queue.apply(keptKey(key), {
        run(state) {
          Object.assign(state, createAlertKeyState())
        },
      }),
    async activeFailures() {
      const kept = await store.list(maxKeys)
      return kept
        .filter(({ state }) => !state.recovered)
        .map(({ key, state }) => ({
          key,
          failureCount: state.failureCount,
          failingSince: state.failingSince,
          alerting: isAlerting(state),
        }))
    },
    async setThreshold(threshold) {
      assertThreshold('setThreshold', threshold)
      rules.threshold = threshold
    },
    async setCooldown(cooldownMs) {
      assertCooldownMs('setCooldown', cooldownMs)
      rules.cooldownMs = cooldownMs
    },
    get evictedCount() {
      return tally.evictedCount
    },
    get refusedCount() {
      return tally.refusedCount
    },
  }
}

/** Bounds what a hostile key costs, and keeps what no database could hold as text out of it. */
function keptKey(key: string): string {
  const isStorable = key.length <= FINGERPRINT_LENGTH_MAX && !/[\0\p{Surrogate}]/u.test(key)
  return isStorable ? key : fingerprintOfKey(key)
}
