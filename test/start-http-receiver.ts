import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it arrived. */
export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/**
 * What the receiver does with a request.
 *
 * - `hang`: it never answers.
 * - `cut`: it closes the connection instead of answering.
 * - `hang-in-body`, `cut-in-body`: it does so behind the headers and a first piece of the body.
 */
export type Reply =
  | {
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
    }
  | { readonly kind: 'hang' | 'cut' }
  | { readonly kind: 'hang-in-body' | 'cut-in-body'; readonly status: number }

/** An HTTP server on this machine that plays a script. */
export interface HttpReceiver {
  readonly url: string
  readonly requests: readonly ReceivedRequest[]
  /** The replies to the next requests. After the last, and before the first, it uses the usual one. */
  play(...replies: readonly Reply[]): void
  /** Resolves when so many requests have arrived, counted from the start. */
  received(count: number): Promise<void>
  close(): Promise<void>
}

/** Starts a receiver on a free port. */
export async function startHttpReceiver(
  usual: Reply = { status: 200, body: 'ok' },
): Promise<HttpReceiver> {
  const requests: ReceivedRequest[] = []
  const script: Reply[] = []
  const watchers = new Set<() => void>()

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      requests.push({ method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') })
      answer(response, script.shift() ?? usual)
      for (const watch of watchers) watch()
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    play: (...replies) => void script.push(...replies),
    received: (count) =>
      new Promise((resolve) => {
        const watch = (): void => {
          if (requests.length < count) return
          watchers.delete(watch)
          resolve()
        }
        watchers.add(watch)
        watch()
      }),
    async close() {
      const closed = new Promise((resolve) => {
        server.close(resolve)
      })
      server.closeAllConnections()
      await closed
    },
  }
}

function answer(response: ServerResponse, reply: Reply): void {
  if (!('kind' in reply)) {
    response.writeHead(reply.status, { ...reply.headers }).end(reply.body ?? '')
    return
  }
  if (reply.kind === 'cut') response.socket?.destroy()
  if (reply.kind === 'hang-in-body' || reply.kind === 'cut-in-body') {
    response.writeHead(reply.status, { 'content-length': '1000' })
    response.write('{', () => {
      if (reply.kind === 'cut-in-body') response.socket?.destroy()
    })
  }
}
