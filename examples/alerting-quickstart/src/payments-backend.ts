import { type Clock, type CollectableMetrics, createMetrics, instrumentHttp } from '@assay/core'

export const PAYOUT_QUEUE_LENGTH = 'payout_queue_length'

/** A backend whose card processor can go away. */
export interface PaymentsBackend {
  readonly metrics: CollectableMetrics
  /** Without its processor, every third request fails, and payouts pile up in three queues. */
  isProcessorUp: boolean
  /** Serves the requests of 15 seconds. */
  serve(): Promise<void>
}

/** Makes the backend that is watched. */
export function createPaymentsBackend(clock: Clock): PaymentsBackend {
  const metrics = createMetrics()
  const gauge = metrics.gauge({
    name: PAYOUT_QUEUE_LENGTH,
    help: 'Payouts that wait.',
    labelNames: ['queue'],
  })
  const queues = ['card', 'refunds', 'sepa'].map((queue) => gauge.labels({ queue }))
  for (const queue of queues) queue.set(0)

  const http = instrumentHttp({ metrics, routeOf: () => '/payouts', clock })
  let served = 0
  const handle = http.wrapFetch(() => {
    served += 1
    const isRefused = !backend.isProcessorUp && served % 3 === 0
    return new Response(null, { status: isRefused ? 503 : 201 })
  })

  const backend: PaymentsBackend = {
    metrics,
    isProcessorUp: true,
    async serve() {
      for (let request = 0; request < 30; request += 1) {
        await handle(new Request('https://payments.example/payouts', { method: 'POST' }))
      }
      for (const queue of queues) {
        if (backend.isProcessorUp) queue.set(0)
        else queue.inc(40)
      }
    },
  }
  return backend
}
