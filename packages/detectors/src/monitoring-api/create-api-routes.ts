import { isAssayError } from '@assay/core'

import { type ApiAnswer, jsonAnswer } from './api-answer.ts'
import { ApiRefusalError } from './api-refusal-error.ts'
import type { ApiSettings } from './api-settings.ts'
import { createHealthRoute } from './create-health-route.ts'
import { type AskedCycle, createCycleGate } from './cycle-gate.ts'
import {
  countJson,
  dashboardJson,
  eventJson,
  type Json,
  moment,
  statusJson,
} from './monitoring-json.ts'
import { readJsonBody } from './read-json-body.ts'
import { createRequestReaders } from './request-readers.ts'

/** A request that found its route and was let in. */
interface ApiCall {
  readonly request: Request
  readonly url: URL
  /** What stands for `:id` in the path; empty where nothing does. */
  readonly id: string
  /** Who asks. */
  readonly actor: string
}

/** What can be done at a path. */
export interface ApiRoute {
  /** The path as documentation and metrics name it. */
  readonly pattern: string
  /** What answers, by method. `HEAD` and `OPTIONS` follow from it. */
  readonly methods: ReadonlyMap<string, (call: ApiCall) => Promise<ApiAnswer>>
}

/** Makes all routes of the API. */
export function createApiRoutes(settings: ApiSettings): readonly ApiRoute[] {
  const { repository, monitor, clock, logger, basePath } = settings
  const read = createRequestReaders()
  const readHealth = createHealthRoute(settings)
  const cycles = createCycleGate(settings)

  async function listEvents({ url }: ApiCall): Promise<ApiAnswer> {
    const filter = read.eventFilter(url)
    const { events, next } = await repository.listEvents(filter).catch((error: unknown) => {
      throw isAboutCursor(error) ? unknownPage() : error
    })
    return jsonAnswer(200, { events: events.map(eventJson), next })
  }

  async function showEvent({ url, id }: ApiCall): Promise<ApiAnswer> {
    read.noQuery(url)
    const event = await repository.getEvent(id)
    if (event === null) throw unknownEvent()
    return jsonAnswer(200, eventJson(event))
  }

  async function changeEvent({ request, url, id, actor }: ApiCall): Promise<ApiAnswer> {
    read.noQuery(url)
    const change = read.eventChange(await readJsonBody(request, clock))
    const changed = await repository.updateEvent({
      ...change,
      eventId: id,
      by: actor,
      now: clock.now(),
    })
    if (changed === 'unknown') throw unknownEvent()
    if (changed === 'conflict') {
      const message = 'The event has ended, and does not change any more.'
      throw new ApiRefusalError('MONITORING_EVENT_ENDED', 409, message)
    }
    logger.info({ actor, eventId: id, status: change.status }, 'The status of an event changed.')
    return jsonAnswer(200, eventJson(changed))
  }

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
    route('/events', { GET: listEvents }),
    route('/events/:id', { GET: showEvent, PATCH: changeEvent }),
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

function route(
  pattern: string,
  methods: Readonly<Record<string, (call: ApiCall) => Promise<ApiAnswer>>>,
): ApiRoute {
  // A map, in which a client finds no method by the name of `constructor`.
  return { pattern, methods: new Map(Object.entries(methods)) }
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

/** Only a repository knows what its cursors look like, and says so of one that is none of its own. */
function isAboutCursor(error: unknown): boolean {
  return isAssayError(error, 'INVALID_OPTION') && error.context['option'] === 'after'
}

function unknownPage(): ApiRefusalError {
  const message = 'after must be the `next` of a page.'
  return new ApiRefusalError('MONITORING_QUERY_INVALID', 400, message)
}

function unknownEvent(): ApiRefusalError {
  return new ApiRefusalError('MONITORING_EVENT_UNKNOWN', 404, 'There is no event of this id.')
}
