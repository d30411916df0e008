import type { ApiRoute } from './api-route.ts'

/** A route and what its path held. */
export interface FoundRoute {
  readonly route: ApiRoute
  /** What stands for `:id`; empty where the pattern has none. */
  readonly id: string
}

/** As much as an event's id can be; none needs to be encoded in a path. */
const ID = /^[\w-]{1,64}$/

/**
 * The route of a path; `null` when there is none. A path is compared as it was sent: what is encoded
 * in it stands for nothing else, so that no `%2e%2e%2f` leads anywhere.
 */
export function findRoute(
  routes: readonly ApiRoute[],
  basePath: string,
  pathname: string,
): FoundRoute | null {
  if (!pathname.startsWith(`${basePath}/`)) return null
  const path = pathname.slice(basePath.length)
  for (const route of routes) {
    if (route.pattern === path) return { route, id: '' }
    if (!route.pattern.endsWith('/:id')) continue
    const parent = route.pattern.slice(0, -':id'.length)
    const id = path.slice(parent.length)
    if (path.startsWith(parent) && ID.test(id)) return { route, id }
  }
  return null
}
