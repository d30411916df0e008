import { assertWholeNumber, InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { KeptAlert, KeptAlertFilter } from './alert-manager.ts'
import { CAPACITY_ALERTS_MAX } from './capacity-watch.ts'
import type { AlertManagerSettings } from './parse-alert-manager-options.ts'
import { matchesAll } from './policy/alert-matcher.ts'
import { assertKeys } from './policy/assert-shape.ts'
import { compileMatchers } from './silence.ts'
import { toNotifiedAlert } from './stages/compose-notification.ts'
import { inhibitorsOf } from './stages/inhibit-alerts.ts'
import { createAlertSilencer } from './stages/silence-alerts.ts'
import type { StoredAlert } from './stored-alert-change.ts'

/** The alerts that a store keeps and a filter fits, each with what mutes it now. */
export async function listKeptAlerts(
  filter: KeptAlertFilter,
  { store, clock, policy, limits }: AlertManagerSettings,
): Promise<readonly KeptAlert[]> {
  assertKeys('alerts', 'filter', filter, FILTER_KEYS)
  const { matchers = [], status, limit = 1_000 } = filter
  if (status !== undefined && status !== 'firing' && status !== 'resolved') {
    throw new InvalidOptionError('alerts', 'status', '`firing` or `resolved`')
  }
  assertWholeNumber('alerts', 'limit', limit, { min: 1 })
  const compiled = compileMatchers('alerts', matchers)
  const now = clock.now()
  const isSilenced = createAlertSilencer(await store.listSilences(now), now)
  const wanted = (await store.listAlerts(limits.alerts + CAPACITY_ALERTS_MAX))
    .filter(({ endsAt }) => status === undefined || (endsAt === null) === (status === 'firing'))
    .filter(({ alert }) => matchesAll(compiled, alert))
    .slice(0, limit)

  const inhibitors = wanted.map(({ alert }) => inhibitorsOf(policy, alert))
  const inhibiting = await store.firingInhibitors([...new Set(inhibitors.flat())])
  const mutedBy = (stored: StoredAlert, index: number): KeptAlert['mutedBy'] => {
    if (inhibitors[index]?.some((name) => inhibiting.has(name)) === true) return 'inhibition'
    return isSilenced(stored.alert) ? 'silence' : null
  }
  return wanted.map((stored, index) => {
    const { groupKeys } = stored
    return Object.assign(toNotifiedAlert(stored), { groupKeys, mutedBy: mutedBy(stored, index) })
  })
}

const FILTER_KEYS = ['matchers', 'status', 'limit'] satisfies (keyof KeptAlertFilter)[]
