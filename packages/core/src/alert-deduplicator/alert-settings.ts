import { assertDurationMs, assertWholeNumber } from '../errors/invalid-option-error.ts'
import type { Clock } from '../runtime/clock.ts'
import type { AlertDeduplicatorTally } from './alert-deduplicator-metrics.ts'
import type { AlertRules } from './alert-key-state.ts'

/** What both kinds of deduplicator work with: the options, checked, with every default filled in. */
export interface DeduplicatorSettings {
  /** Of this deduplicator alone: `setThreshold` and `setCooldown` write to it. */
  readonly rules: AlertRules
  readonly maxKeys: number
  readonly clock: Clock
  readonly tally: AlertDeduplicatorTally
}

export function assertThreshold(factory: string, threshold: number): void {
  assertWholeNumber(factory, 'threshold', threshold, { min: 1 })
}

export function assertCooldownMs(factory: string, cooldownMs: number): void {
  assertDurationMs(factory, 'cooldownMs', cooldownMs)
}
