import { createAlertDeduplicator } from '@assay/core'

import { atMost, type Figure } from '../figure.ts'
import { heapBytesEach } from '../heap-bytes.ts'

const count = 1_000_000

export const figure: Figure = {
  id: 'deduplicator.bytes',
  targets: [atMost(200, 'bytes')],
  // The key's own text is part of what a failing key holds.
  async measure() {
    const deduplicator = createAlertDeduplicator({ maxKeys: count })
    const value = await heapBytesEach(count, (index) => {
      deduplicator.fail(`market-${index}`)
      return undefined
    })
    if (deduplicator.failureCount(`market-${count - 1}`) !== 1) throw new Error('Keys were lost.')

    const map = new Map<string, { failures: number; alertedAt: number }>()
    const bareMap = await heapBytesEach(count, (index) => {
      map.set(`market-${index}`, { failures: 1, alertedAt: 0 })
      return undefined
    })
    return { value, unit: 'bytes', peers: { 'bare Map': bareMap }, n: Math.min(count, map.size) }
  },
}
