/** The piece of Node's `IncomingMessage` that is needed, which Express' requests have too. */
export interface NodeApiRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly readableEnded: boolean
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  on(event: 'end', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  pause(): unknown
  resume(): unknown
}

/** The piece of Node's `ServerResponse` that is needed. */
export interface NodeApiResponse {
  statusCode: number
  setHeader(name: string, value: string): unknown
  end(body?: Uint8Array): unknown
}

/**
 * Fits a handler of fetch style to Node's `http.createServer` and to `app.use` of Express. Mount it
 * before anything that reads bodies, such as `express.json()`: a body can be read once.
 *
 * @param handler a function from request to response, such as `createMonitoringHandler` returns
 * @returns a listener; a request that is no HTTP for the handler is answered with 400
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { toNodeListener } from '@assay/detectors/api'
 *
 * const server = createServer(toNodeListener(async () => new Response('ok')))
 * console.log(server.listening) // false
 * ```
 */
export function toNodeListener(
  handler: (request: Request) => Promise<Response>,
): (request: NodeApiRequest, response: NodeApiResponse) => void {
  return (incoming, outgoing) => {
    answer(handler, incoming, outgoing).catch(() => {
      // Either the handler broke its promise, or the connection is gone, and then nobody reads this.
      outgoing.statusCode = 500
      outgoing.end()
    })
  }
}

async function answer(
  handler: (request: Request) => Promise<Response>,
  incoming: NodeApiRequest,
  outgoing: NodeApiResponse,
): Promise<void> {
  const request = toRequest(incoming)
  if (request === null) {
    outgoing.statusCode = 400
    outgoing.end()
    return
  }
  const response = await handler(request)
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) outgoing.setHeader(name, value)
  outgoing.end(response.body === null ? undefined : new Uint8Array(await response.arrayBuffer()))
}

/** The request as `fetch` knows it; `null` when it cannot be one, as with a bad `Host`. */
function toRequest(incoming: NodeApiRequest): Request | null {
  const { method = 'GET', url = '/' } = incoming
  try {
    const headers = new Headers()
    for (const [name, value] of Object.entries(incoming.headers)) {
      for (const each of [value ?? []].flat()) headers.append(name, each)
    }
    // Joined as text, so that `//elsewhere` stays a path.
    const address = new URL(`http://${headers.get('host') ?? 'localhost'}${url}`)
    const hasBody = method !== 'GET' && method !== 'HEAD'
    return new Request(address, {
      method,
      headers,
      ...(hasBody ? { body: toStream(incoming), duplex: 'half' } : {}),
    })
  } catch {
    return null
  }
}

/**
 * The body as it comes in, no faster than it is read. Node's own conversion would close the
 * connection when a body is let go, and with it the answer that says why.
 */
function toStream(incoming: NodeApiRequest): ReadableStream<Uint8Array> {
  let isOpen = true
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const end = (how: () => void): void => {
        if (isOpen) how()
        isOpen = false
      }
      if (incoming.readableEnded) {
        end(() => controller.close())
        return
      }
      incoming.on('data', (chunk) => {
        if (!isOpen) return
        controller.enqueue(chunk)
        if ((controller.desiredSize ?? 0) <= 0) incoming.pause()
      })
      incoming.on('end', () => end(() => controller.close()))
      // A client that leaves in the middle of its body is an error too.
      incoming.on('error', (error) => end(() => controller.error(error)))
    },
    pull: () => void incoming.resume(),
    cancel() {
      isOpen = false
      // The rest is thrown away as it comes, for as long as the server lets a request take.
      incoming.resume()
    },
  })
}
