import { instrumentHttp } from '@assay/core'

import { type ApiAnswer, refusalAnswer, toResponse } from './api-answer.ts'
import { ApiRefusalError } from './api-refusal-error.ts'
import type { ApiRoute } from './api-route.ts'
import { type ApiSettings, type MonitoringHandlerOptions, readApiSettings } from './api-settings.ts'
import { authorizeRequest } from './authorize-request.ts'
import { createApiRoutes } from './create-api-routes.ts'
import { findRoute } from './find-route.ts'
import { within } from './within.ts'

/**
 * Makes the HTTP API over a monitor and what it found: a function from a request to its response, as
 * Hono, Next, Deno, Bun and edge functions take it. `toNodeListener` fits it to Node and Express.
 *
 * It never rejects. What goes wrong inside is told to `logger`, and the client hears a code.
 *
 * @param options what is shown, and who may see and change it
 * @returns a handler that needs no `this`
 * @throws `INVALID_OPTION` for an option that is out of range
 *
 * @example
 * ```ts
 * import {
 *   createMemoryEventSource,
 *   createMemoryMonitoringRepository,
 *   createMemoryMonitorStore,
 *   createMonitor,
 * } from '@assay/detectors'
 * import { createMonitoringHandler } from '@assay/detectors/api'
 *
 * const store = createMemoryMonitorStore()
 * const handler = createMonitoringHandler({
 *   repository: createMemoryMonitoringRepository(store),
 *   monitor: createMonitor({ sources: [createMemoryEventSource()], store }),
 *   authorize: (request) =>
 *     request.headers.get('authorization') === 'Bearer of-your-configuration' ? 'ops' : null,
 * })
 * const response = await handler(new Request('https://api.example/events?status=open'))
 * console.log(response.status, await response.text())
 * // 403 {"error":{"code":"MONITORING_FORBIDDEN","message":"You may not do this."}}
 * ```
 */
export function createMonitoringHandler(
  options: MonitoringHandlerOptions,
): (request: Request) => Promise<Response> {
  const settings = readApiSettings(options)
  const { basePath, cors, clock, logger, metrics } = settings
  const routes = createApiRoutes(settings)

  async function serve(request: Request): Promise<Response> {
    const headersOfOrigin = cors.headersFor(request.headers.get('origin'))
    try {
      const answer = await answerTo(request, settings, routes)
      return toResponse(answer, request.method, headersOfOrigin)
    } catch (error) {
      const refusal = error instanceof ApiRefusalError ? error : failed()
      if (refusal !== error) {
        const route = findRoute(routes, basePath, pathOf(request))?.route.pattern
        logger.error({ err: error, route }, 'A request to the monitoring API failed.')
      }
      return toResponse(refusalAnswer(refusal), request.method, headersOfOrigin)
    }
  }

  if (metrics === undefined) return serve
  const routeOf = ({ url = '' }: { readonly url?: string | undefined }): string | undefined => {
    const found = findRoute(routes, basePath, URL.parse(url)?.pathname ?? '')
    return found === null ? undefined : basePath + found.route.pattern
  }
  return instrumentHttp({ metrics, routeOf, clock }).wrapFetch(serve)
}

async function answerTo(
  request: Request,
  settings: ApiSettings,
  routes: readonly ApiRoute[],
): Promise<ApiAnswer> {
  const found = findRoute(routes, settings.basePath, pathOf(request))
  if (found === null) {
    throw new ApiRefusalError('MONITORING_PATH_UNKNOWN', 404, 'There is nothing at this path.')
  }
  const { route, id } = found
  const allowed = allowedMethods(route)
  if (request.method === 'OPTIONS') return answerToOptions(request, settings, allowed)
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const serve = route.methods.get(method)
  if (serve === undefined) {
    const message = `Only ${allowed} can be asked of this path.`
    throw new ApiRefusalError('MONITORING_METHOD_NOT_ALLOWED', 405, message, { allow: allowed })
  }
  const { answerTimeoutMs, clock } = settings
  const action = method === 'GET' ? 'read' : 'write'
  const actor = await within(answerTimeoutMs, clock, authorizeRequest(settings, request, action))
  const answer = serve({ request, url: new URL(request.url), id, actor })
  // A cycle takes its time, and has a limit of its own for it.
  return route.pattern === '/cycle' ? answer : within(answerTimeoutMs, clock, answer)
}

function allowedMethods({ methods }: ApiRoute): string {
  const read = methods.has('GET') ? ['GET', 'HEAD'] : []
  const write = [...methods.keys()].filter((method) => method !== 'GET')
  return [...read, ...write, 'OPTIONS'].join(', ')
}

function answerToOptions({ headers }: Request, { cors }: ApiSettings, allow: string): ApiAnswer {
  const origin = headers.get('origin')
  const isPreflight = origin !== null && headers.has('access-control-request-method')
  return {
    status: 204,
    body: null,
    headers: { allow, ...(isPreflight ? cors.preflightFor(origin, allow) : {}) },
  }
}

/** All that a client hears of an error that is not about its request. */
function failed(): ApiRefusalError {
  return new ApiRefusalError('MONITORING_REQUEST_FAILED', 500, 'This could not be done.')
}

function pathOf({ url }: Request): string {
  return URL.parse(url)?.pathname ?? ''
}
