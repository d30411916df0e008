import { type ApiAnswer, jsonAnswer } from './api-answer.ts'
import { ApiRefusalError } from './api-refusal-error.ts'
import { type ApiCall, type ApiRoute, route } from './api-route.ts'
import type { ApiSettings } from './api-settings.ts'
import { createEventRoutes } from './create-event-routes.ts'
import { createHealthRoute } from './create-health-route.ts'
import { type AskedCycle, createCycleGate } from './cycle-gate.ts'
import { countJson, dashboardJson, type Json, moment, statusJson } from './monitoring-json.ts'
import { readJsonBody } from './read-json-body.ts'
import { createRequestReaders } from './request-readers.ts'

/** Makes all routes of the API. */
export function createApiRoutes(settings: ApiSettings): readonly ApiRoute[] {
  const { repository, monitor, clock, basePath } = settings
  const read = createRequestReaders()
  const readHealth = createHealthRoute(settings)
  const cycles = createCycleGate(settings)

  async function showMetrics({ request, url }: ApiCall): Promise<ApiAnswer> {
    const range = read.timeRange(url, clock.now())
    const vary = { vary: 'Accept' }
    if (asksForText(request)) return showRegistry(settings, vary)
    const counts = await repository.readCounts(range)
    return jsonAnswer(
      200,
      {
        since: moment(range.since),
        until: moment(range.until),
        total: counts.reduce((total, { count }) => total + count, 0),
        counts: counts.map(countJson),
      },
      vary,
    )
  }

  async function showStatus({ url }: ApiCall): Promise<ApiAnswer> {
    read.noQuery(url)
    const status = await monitor.status()
    const cycle = cycles.last()
    return jsonAnswer(200, {
      ...statusJson(status),
      cycle: cycle === null ? null : cycleJson(cycle),
    })
  }

  async function runCycle({ request, url, actor }: ApiCall): Promise<ApiAnswer> {
    read.noQuery(url)
    read.noBody(await readJsonBody(request, clock))
    const cycle = await cycles.start(actor)
    if (cycle.outcome === 'failed') {
      const message =
        'The cycle failed. What it had committed stays; it is safe to ask for another.'
      throw new ApiRefusalError('MONITORING_CYCLE_FAILED', 503, message)
    }
    if (cycle.outcome === 'completed') return jsonAnswer(200, cycleJson(cycle))
    return jsonAnswer(202, cycleJson(cycle), { location: `${basePath}/status` })
  }

  return [
    route('/health', {
      GET: async ({ url }) => {
        read.noQuery(url)
        return readHealth()
      },
    }),
    ...createEventRoutes(settings, read),
    route('/metrics', { GET: showMetrics }),
    route('/dashboard', {
      GET: async ({ url }) => {
        read.noQuery(url)
        return jsonAnswer(200, dashboardJson(await repository.readDashboard()))
      },
    }),
    route('/status', { GET: showStatus }),
    route('/cycle', { POST: runCycle }),
  ]
}

/** Prometheus names the types that it wants; browsers and curl take anything, and get JSON. */
function asksForText({ headers }: Request): boolean {
  const accept = headers.get('accept') ?? ''
  return (
    /\btext\/plain\b|\bapplication\/openmetrics-text\b/i.test(accept) &&
    !/\bapplication\/json\b/i.test(accept)
  )
}

async function showRegistry(
  { registry }: ApiSettings,
  headers: Readonly<Record<string, string>>,
): Promise<ApiAnswer> {
  if (registry === undefined) {
    const message = 'There is only application/json here: no registry was handed in.'
    throw new ApiRefusalError('MONITORING_NOT_ACCEPTABLE', 406, message, headers)
  }
  const body = await registry.metrics()
  return { status: 200, body, headers: { 'content-type': registry.contentType, ...headers } }
}

function cycleJson({ outcome, startedBy, startedAt, endedAt }: AskedCycle): Json {
  return { outcome, startedBy, startedAt: moment(startedAt), endedAt: moment(endedAt) }
}
