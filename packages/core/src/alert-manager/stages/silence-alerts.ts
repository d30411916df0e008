import type { LabelledAlert } from '../policy/alert-label.ts'
import { compileMatcher, matchesAll } from '../policy/alert-matcher.ts'
import type { Silence } from '../silence.ts'

/** Says whether an alert is silenced now. */
export type AlertSilencer = (alert: LabelledAlert) => boolean

/** The stage of the silences: a silence holds from its start until just before its end. */
export function createAlertSilencer(silences: readonly Silence[], now: number): AlertSilencer {
  const active = silences
    .filter(({ startsAt, endsAt }) => startsAt <= now && now < endsAt)
    .map(({ matchers }) => {
      const compiled = matchers.map((matcher) => compileMatcher(matcher).matcher)
      return compiled.filter((matcher) => matcher !== undefined)
    })
    // What cannot be understood must not silence everything.
    .filter((matchers) => matchers.length > 0)
  return (alert) => active.some((matchers) => matchesAll(matchers, alert))
}
