import type { AlertNotice, AlertReason } from './alert-decision.ts'
import { fingerprintOfKey } from './alert-fingerprint.ts'
import type { AlertKeyState } from './alert-key-state.ts'

/**
 * What people are to be told of a key, taken from its state before the decision is noted there.
 *
 * @param epochOffsetMs what makes epoch milliseconds of the state's times
 */
export function createAlertNotice(
  key: string,
  reason: AlertReason,
  state: AlertKeyState,
  epochOffsetMs: number,
  error: unknown,
): AlertNotice {
  const unheard = state.failureCount - state.alertedCount
  return {
    reason,
    key,
    fingerprint: fingerprintOfKey(key),
    failureCount: state.failureCount,
    failingSince: state.failingSince + epochOffsetMs,
    suppressedCount: reason === 'resolved' ? unheard : unheard - 1,
    error,
  }
}
