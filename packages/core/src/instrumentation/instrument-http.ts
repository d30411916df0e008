import { tellQuietly } from '../errors/tell-quietly.ts'
import type { GaugeSeries, Metrics } from '../metrics/metrics.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import {
  ACTIVE_CONNECTIONS,
  HTTP_REQUEST_DURATION_SECONDS,
  HTTP_REQUESTS_TOTAL,
} from './http-metrics.ts'

/** What is needed of a request: a fetch `Request` and a Node `IncomingMessage` both have it. */
export interface ServedRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
}

/** What is needed of a Node HTTP server: `http.Server`, `https.Server` and what frameworks return. */
export interface NodeHttpServer {
  on(event: 'request', listener: (request: ServedRequest, response: NodeResponse) => void): unknown
  on(event: 'connection', listener: (socket: NodeSocket) => void): unknown
  off(event: 'request', listener: (request: ServedRequest, response: NodeResponse) => void): unknown
  off(event: 'connection', listener: (socket: NodeSocket) => void): unknown
}

interface NodeResponse {
  readonly statusCode: number
  readonly writableFinished: boolean
  once(event: 'close', listener: () => void): unknown
}

interface NodeSocket {
  once(event: 'close', listener: () => void): unknown
}

/** Options of {@link instrumentHttp}. */
export interface InstrumentHttpOptions {
  readonly metrics: Metrics
  /**
   * The route that a request took, as a label: a pattern such as `/users/:id`, never the path itself,
   * because every path would be a time series of its own. It is asked when the request has been
   * answered, so that a router has left its mark. Default: all requests are `unknown`.
   */
  readonly routeOf?: ((request: ServedRequest) => string | undefined) | undefined
  /** Upper bounds of the duration's buckets, in seconds. Default: those of Prometheus' clients. */
  readonly buckets?: readonly number[] | undefined
  readonly clock?: Clock | undefined
}

/** What {@link instrumentHttp} returns. */
export interface HttpInstrumentation {
  /**
   * Wraps a handler of fetch style, as Hono, Next and edge functions have. The duration ends when the
   * handler's response is there; its body may still be on its way.
   */
  wrapFetch<Args extends unknown[]>(
    this: void,
    handler: (request: Request, ...args: Args) => Response | Promise<Response>,
  ): (request: Request, ...args: Args) => Promise<Response>
  /**
   * Watches a Node server, as Express and Fastify have. The duration ends when the response has been
   * sent or its connection was closed.
   *
   * @returns a function that stops watching; requests under way are still counted
   */
  watchServer(this: void, server: NodeHttpServer): () => void
}

/** A client that left before it was answered: nginx's number for it, as HTTP has none. */
const CLIENT_CLOSED_REQUEST = 499

/** Whatever else a client sends as its method would be a time series of the client's making. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/**
 * Counts and times the HTTP requests that a host answers, under the metric names that the alert
 * rules read. It never changes an answer: what a metric or `routeOf` throws is left out.
 *
 * @example
 * ```ts
 * import { createMetrics, HTTP_REQUESTS_TOTAL, instrumentHttp } from '@assay/core'
 *
 * const metrics = createMetrics()
 * const { wrapFetch } = instrumentHttp({ metrics, routeOf: () => '/health' })
 * const handler = wrapFetch(() => new Response('ok'))
 * await handler(new Request('https://api.example/health'))
 *
 * const requests = metrics.collect().find(({ name }) => name === HTTP_REQUESTS_TOTAL)
 * console.log(requests?.series[0]?.labels) // { method: 'GET', route: '/health', status: '200' }
 * ```
 */
export function instrumentHttp({
  metrics,
  routeOf = () => undefined,
  buckets,
  clock = systemClock,
}: InstrumentHttpOptions): HttpInstrumentation {
  const requests = metrics.counter({
    name: HTTP_REQUESTS_TOTAL,
    help: 'Requests that were answered, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
  })
  const durations = metrics.histogram({
    name: HTTP_REQUEST_DURATION_SECONDS,
    help: 'Time to answer a request, by method and route.',
    labelNames: ['method', 'route'],
    ...(buckets === undefined ? {} : { buckets }),
  })
  const active = metrics
    .gauge({ name: ACTIVE_CONNECTIONS, help: 'Open connections, or requests under way.' })
    .labels({})

  /** Begins the measurement of one request, and returns what ends it. */
  function begin(request: ServedRequest): (status: number) => void {
    const startedAt = clock.monotonic()
    return (status) => {
      tellQuietly(() => {
        const method = METHODS.has(request.method ?? '') ? (request.method ?? '') : 'OTHER'
        const labels = { method, route: routeOf(request) ?? 'unknown' }
        requests.labels({ ...labels, status: String(status) }).inc()
        durations.labels(labels).observe((clock.monotonic() - startedAt) / 1_000)
      })
    }
  }

  return {
    wrapFetch:
      (handler) =>
      async (request, ...args) => {
        const end = begin(request)
        const leave = enter(active)
        try {
          const response = await handler(request, ...args)
          end(response.status)
          return response
        } catch (error) {
          end(request.signal.aborted ? CLIENT_CLOSED_REQUEST : 500)
          throw error
        } finally {
          leave()
        }
      },

    watchServer(server) {
      const onRequest = (request: ServedRequest, response: NodeResponse): void => {
        const end = begin(request)
        response.once('close', () => {
          end(response.writableFinished ? response.statusCode : CLIENT_CLOSED_REQUEST)
        })
      }
      const onConnection = (socket: NodeSocket): void => {
        socket.once('close', enter(active))
      }
      server.on('request', onRequest)
      server.on('connection', onConnection)
      return () => {
        server.off('request', onRequest)
        server.off('connection', onConnection)
      }
    },
  }
}

function enter(active: GaugeSeries): () => void {
  tellQuietly(() => active.inc())
  return () => tellQuietly(() => active.dec())
}
