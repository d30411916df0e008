import type { LabelledAlert } from '../policy/alert-label.ts'
import { compileMatcher, matchesAll } from '../policy/alert-matcher.ts'
import type { Silence } from '../silence.ts'

/** Says whether an alert is silenced now. */
export type AlertSilencer = (alert: LabelledAlert) => boolean

/** The stage of the silences: a silence holds from its start until just before its end. */
export function createAlertSilencer(silences: readonly Silence[], now: number): AlertSilencer {
  const active = silences
    .filter(({ startsAt, endsAt }) => startsAt <= now && now < endsAt)
    .map(({ matchers }) => matchers.map((matcher) => compileMatcher(matcher).matcher))
    // What cannot be understood, in whole or in part, must not silence more than was meant.
    .filter((matchers) => matchers.every((matcher) => matcher !== undefined))
    .filter((matchers) => matchers.length > 0)
  return (alert) => active.some((matchers) => matchesAll(matchers, alert))
}
