import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import { verifyWebhook, type WebhookPayload } from '@assay/core'

/** Plays Slack, PagerDuty and the receivers of webhooks, on this machine. */
export interface Receiver {
  readonly url: string
  /** What came in since it was asked last, a line each, in alphabetical order. */
  take(): string[]
  close(): Promise<void>
}

/** @param webhookSecret what webhooks must be signed with */
export async function startReceiver(webhookSecret: string): Promise<Receiver> {
  const lines: string[] = []
  /** Keys of incidents: what has the same key is the same incident. */
  const incidents: string[] = []

  const server = createServer(async (request, response) => {
    const body = await text(request)
    const [, vendor = '', name = ''] = (request.url ?? '').split('/')
    const headers = new Headers(request.headers as Record<string, string>)
    const isSigned = verifyWebhook({ secret: webhookSecret, headers, body }).ok
    if (vendor === 'webhook' && !isSigned) {
      response.writeHead(401).end()
      return
    }
    const what = describe(vendor, JSON.parse(body))
    lines.push(`${(name || vendor).padEnd(14)}  ${what}`)
    // PagerDuty answers so; for the others any 2xx will do.
    response.writeHead(202).end()
  })

  function describe(vendor: string, message: Record<string, string>): string {
    if (vendor === 'slack') return message['text'] ?? ''
    if (vendor === 'webhook') return describeWebhook(message as unknown as WebhookPayload)
    const { event_action: action, dedup_key: key = '', payload } = message
    if (!incidents.includes(key)) incidents.push(key)
    const { summary = '' } = (payload ?? {}) as { summary?: string }
    return `${action} incident ${incidents.indexOf(key) + 1}  ${summary}`.trim()
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take: () => lines.splice(0).toSorted(),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function describeWebhook({ assay, alerts }: WebhookPayload): string {
  const names = alerts.map(({ labels }) => [labels['alertname'], labels['queue']].join(' ').trim())
  return `${assay.reason}: ${names.toSorted().join(', ')}`
}
