import type { LabelledAlert } from './alert-label.ts'
import { matchesAll } from './alert-matcher.ts'
import type { AlertPolicy } from './alert-policy.ts'
import { compilePolicy, type CompiledRoute } from './compile-policy.ts'

/** One place to which a policy sends an alert. */
export interface AlertRouting {
  readonly receiver: string
  readonly groupBy: readonly string[]
  readonly groupWaitMs: number
  readonly groupIntervalMs: number
  readonly repeatMs: number
  readonly sendResolved: boolean
  /** Whether the policy's escalation applies. */
  readonly escalates: boolean
}

/**
 * Where a policy sends an alert, as the alert manager does it. Nothing is sent.
 *
 * @param policy the same object is checked once, however often it is asked
 * @param alert at least what matchers can see of it
 * @returns one entry for each route that takes it, in the order of the tree; never none
 * @throws {InvalidOptionError} `INVALID_OPTION` when the policy is not valid
 *
 * @example
 * ```ts
 * import { routeAlert } from '@assay/core'
 *
 * const policy = {
 *   route: {
 *     receiver: 'slack',
 *     routes: [{ matchers: ['severity="critical"'], receiver: 'pagerduty' }],
 *   },
 * }
 * const alert = { name: 'PayoutStuck', severity: 'high', labels: {}, source: 'payouts' } as const
 * console.log(routeAlert(policy, alert)[0]?.receiver) // slack
 * ```
 */
export function routeAlert(policy: AlertPolicy, alert: LabelledAlert): readonly AlertRouting[] {
  return matchRoutes(compilePolicy(policy).root, alert).map((route) => ({
    receiver: route.receiver,
    groupBy: route.groupBy,
    groupWaitMs: route.groupWaitMs,
    groupIntervalMs: route.groupIntervalMs,
    repeatMs: route.repeatMs,
    sendResolved: route.sendResolved,
    escalates: route.escalates,
  }))
}

/** The routes that take an alert; none where the root's own matchers do not match. */
export function matchRoutes(route: CompiledRoute, alert: LabelledAlert): CompiledRoute[] {
  if (!matchesAll(route.matchers, alert)) return []
  const taken: CompiledRoute[] = []
  for (const child of route.routes) {
    const takenByChild = matchRoutes(child, alert)
    taken.push(...takenByChild)
    if (takenByChild.length > 0 && !child.isContinued) break
  }
  if (taken.length === 0) taken.push(route)
  return taken
}
