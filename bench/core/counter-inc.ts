import { createPrometheusMetrics } from '@assay/core/prometheus'
import { Counter, Registry } from 'prom-client'

import { type Figure, timesLessThan } from '../figure.ts'
import { interleave } from '../interleave.ts'

const operations = 1_000_000
const labels = { method: 'GET', route: '/payouts', status: '200' }
const labelNames = ['method', 'route', 'status'] as const

export const figure: Figure = {
  id: 'counter.inc',
  targets: [timesLessThan(20, 'prom-client')],
  async measure() {
    const registry = new Registry()
    const ours = createPrometheusMetrics({ registry })
      .counter({ name: 'ours_total', help: 'Ours.', labelNames })
      .labels(labels)
    const peer = new Counter({
      name: 'peer_total',
      help: 'Peer.',
      labelNames,
      registers: [registry],
    })
    const peerChild = peer.labels(labels)

    const { value, ...peers } = await interleave(
      {
        value: (n) => {
          for (let i = 0; i < n; i += 1) ours.inc()
        },
        'prom-client': (n) => {
          for (let i = 0; i < n; i += 1) peer.inc(labels)
        },
        'prom-client child': (n) => {
          for (let i = 0; i < n; i += 1) peerChild.inc()
        },
      },
      { operations },
    )
    await assertCounted(registry)
    return { value, unit: 'ns', peers, n: operations }
  },
}

/** Both must have counted, or there is nothing to compare. */
async function assertCounted(registry: Registry): Promise<void> {
  const text = await registry.metrics()
  for (const name of ['ours_total', 'peer_total']) {
    if (!new RegExp(`^${name}\\{.*\\} [1-9]`, 'm').test(text)) throw new Error(`${name} is empty.`)
  }
}
