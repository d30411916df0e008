import { InvalidOptionError } from '@assay/core'

import type { AccountEvent } from './account-event.ts'
import {
  inEventOrder,
  keyOfScope,
  type OrderedDetector,
  type OrderedRules,
  type Verdicts,
} from './in-event-order.ts'

/** Ordered rules with their settings, of which only that much is known. */
export interface ConfiguredDetector {
  readonly rules: OrderedRules<unknown, undefined>
}

/**
 * Settles how a detector judges, so that it can be combined with others and given to a monitor.
 *
 * @param detector rules in the order of event time
 * @param config what they are set to; the same object from the first event to the last
 */
export function configureDetector<State, Config, RuleId extends string, Reason extends string>(
  { rules }: OrderedDetector<State, Config, RuleId, Reason>,
  config: Config,
): ConfiguredDetector {
  const { id, version, ruleIds, scope, seesPending, readsPlaceOnly } = rules
  const configured: OrderedRules<State, undefined, RuleId, Reason> = {
    id,
    version,
    ruleIds,
    scope,
    seesPending,
    readsPlaceOnly,
    init: (key) => rules.init(key),
    judge: (state, event, verdicts) => rules.judge(state, event, verdicts, config),
  }
  if (rules.judgeLate !== undefined) {
    configured.judgeLate = (state, event, upTo, verdicts) =>
      rules.judgeLate?.(state, event, upTo, verdicts, config) ?? false
  }
  if (rules.leaveGap !== undefined) {
    configured.leaveGap = (state, row) => rules.leaveGap?.(state, row) ?? true
  }
  if (rules.isBlank !== undefined) configured.isBlank = (state) => rules.isBlank?.(state) ?? false
  if (rules.elapse !== undefined) {
    configured.elapse = (state, upTo, verdicts) => rules.elapse?.(state, upTo, verdicts, config)
  }
  if (rules.wakeAt !== undefined) {
    configured.wakeAt = (state) => rules.wakeAt?.(state, config) ?? Number.POSITIVE_INFINITY
  }
  // Whoever holds the result hands a state only to the rules that made it.
  return { rules: configured }
}

/** The state of each part; `null` where it is as the part's `init` makes it, as on most cards some are. */
type CombinedState = unknown[]

/** A detector of which only is known that it needs no further settings. */
export type CombinedDetector = OrderedDetector<unknown, undefined>

/**
 * Makes one detector of several, so that one pass over the events serves them all: an event is looked
 * up, put in order and stored once.
 *
 * @param detectors at least one; their ids, joined by `+`, are the id of the whole
 * @throws `INVALID_OPTION` without a detector, or when some judge by account and others do not
 *
 * @example
 * ```ts
 * import {
 *   combineDetectors,
 *   configureDetector,
 *   duplicateScanDetector,
 *   raceConditionDetector,
 *   readDuplicateScanConfig,
 *   readRaceConditionConfig,
 * } from '@assay/detectors'
 *
 * const detector = combineDetectors([
 *   configureDetector(duplicateScanDetector, readDuplicateScanConfig()),
 *   configureDetector(raceConditionDetector, readRaceConditionConfig()),
 * ])
 * console.log(detector.id) // duplicate-scans+race-conditions
 * ```
 */
export function combineDetectors(detectors: readonly ConfiguredDetector[]): CombinedDetector {
  const parts = detectors.map(({ rules }) => rules)
  const [first] = parts
  if (first === undefined || parts.some(({ scope }) => scope !== first.scope)) {
    throw new InvalidOptionError(
      'combineDetectors',
      'detectors',
      'detectors that all judge by account, or all judge the whole system',
    )
  }
  if (parts.length === 1) return inEventOrder(first)
  const { scope } = first
  const keyOf = keyOfScope(scope)
  const elapsing = parts.flatMap((part, index) => (part.elapse === undefined ? [] : [index]))

  const combined: OrderedRules<CombinedState, undefined> = {
    id: parts.map(({ id }) => id).join('+'),
    // Any part that grows makes the whole grow.
    version: parts.reduce((sum, { version }) => sum + version, 0),
    ruleIds: {
      transaction: parts.flatMap(({ ruleIds }) => ruleIds.transaction),
      scan: parts.flatMap(({ ruleIds }) => ruleIds.scan),
    },
    scope,
    seesPending: parts.some(({ seesPending }) => seesPending === true),
    readsPlaceOnly: parts.every(({ readsPlaceOnly }) => readsPlaceOnly === true),
    init: () => parts.map(() => null),
    judge(states, event: AccountEvent, verdicts: Verdicts) {
      for (let index = 0; index < parts.length; index += 1) {
        const part = parts[index]!
        if (part.ruleIds[event.kind].length === 0) continue
        const state = states[index] ?? part.init(keyOf(event))
        part.judge(state, event, verdicts, undefined)
        states[index] = part.isBlank?.(state) === true ? null : state
      }
    },
  }
  if (parts.some((part) => part.judgeLate !== undefined)) {
    combined.judgeLate = (states, event, upTo, verdicts) => {
      const settled = parts.map((part, index) => {
        if (part.ruleIds[event.kind].length === 0) return true
        if (part.judgeLate === undefined) return false
        states[index] ??= part.init(keyOf(event))
        return part.judgeLate(states[index], event, upTo, verdicts, undefined)
      })
      return settled.every(Boolean)
    }
  }
  if (parts.some((part) => part.leaveGap !== undefined)) {
    combined.leaveGap = (states, row) => {
      const settled = parts.map((part, index) => {
        if (part.leaveGap === undefined) return true
        states[index] ??= part.init(row.accountId)
        return part.leaveGap(states[index], row)
      })
      return settled.every(Boolean)
    }
  }
  if (elapsing.length > 0) {
    combined.elapse = (states, upTo, verdicts) => {
      for (const index of elapsing) {
        const state = states[index] ?? null
        if (state !== null) parts[index]?.elapse?.(state, upTo, verdicts, undefined)
      }
    }
    combined.wakeAt = (states) => {
      let wakeAt = Number.POSITIVE_INFINITY
      for (const index of elapsing) {
        const state = states[index] ?? null
        if (state === null) continue
        wakeAt = Math.min(wakeAt, parts[index]?.wakeAt?.(state, undefined) ?? wakeAt)
      }
      return wakeAt
    }
  }
  return inEventOrder(combined) as CombinedDetector
}
