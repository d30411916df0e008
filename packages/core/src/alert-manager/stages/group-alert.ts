import { alertFingerprint } from '../../alert-deduplicator/alert-fingerprint.ts'
import { alertLabel, type LabelledAlert } from '../policy/alert-label.ts'
import type { CompiledPolicy, CompiledRoute } from '../policy/compile-policy.ts'
import { matchRoutes } from '../policy/route-alert.ts'
import type { AlertGroupRef } from '../stored-alert-change.ts'

/** The groups to which a policy gives an alert: at least one. */
export type AlertGrouper = (alert: LabelledAlert) => readonly AlertGroupRef[]

/**
 * The second stage: finds the groups of an alert. Alerts that take the same routes and are equal in
 * what those group by share one list, which is kept for as many groups as `groupsMax`.
 */
export function createAlertGrouper(policy: CompiledPolicy, groupsMax: number): AlertGrouper {
  let known = new KnownGroups()
  let knownCount = 0
  return (alert) => {
    const routes = matchRoutes(policy.root, alert)
    let place = known
    for (const route of routes) {
      place = place.next(route)
      for (const label of route.groupBy) place = place.next(alertLabel(alert, label))
    }
    if (place.refs === undefined) {
      if (knownCount >= groupsMax) {
        known = new KnownGroups()
        knownCount = 0
      }
      knownCount += 1
      place.refs = routes.map((route) => groupOf(route, alert))
    }
    return place.refs
  }
}

/**
 * A tree of routes and the values of their labels: walking it looks up short texts that exist, which
 * costs a third of making one long text and looking that up.
 */
class KnownGroups {
  refs: readonly AlertGroupRef[] | undefined
  readonly #branches = new Map<CompiledRoute | string, KnownGroups>()

  next(step: CompiledRoute | string): KnownGroups {
    let branch = this.#branches.get(step)
    if (branch === undefined) {
      branch = new KnownGroups()
      this.#branches.set(step, branch)
    }
    return branch
  }
}

function groupOf(
  { id, receiver, groupBy, groupWaitMs }: CompiledRoute,
  alert: LabelledAlert,
): AlertGroupRef {
  const pairs = groupBy.map((label) => [label, alertLabel(alert, label)] as const)
  return {
    key: alertFingerprint(id, ...pairs.flat()),
    routeId: id,
    receiver,
    labels: Object.fromEntries(pairs),
    groupWaitMs,
  }
}
