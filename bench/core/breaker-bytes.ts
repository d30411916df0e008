import { atMost, type Figure } from '../figure.ts'
import { heapBytesEach } from '../heap-bytes.ts'
import { createCockatiel, createOpossum, createOurs, work } from './breaker-peers.ts'

const count = 10_000
const names = Array.from({ length: count }, (_, index) => `dependency-${index}`)

export const figure: Figure = {
  id: 'breaker.bytes',
  targets: [atMost(400, 'bytes')],
  // Each breaker has made a call: one that was only made holds less than one that is in use.
  async measure() {
    const value = await heapBytesEach(count, async (index) => {
      const breaker = createOurs({ name: names[index] ?? '' })
      await breaker.execute(work)
      return breaker
    })
    const cockatiel = await heapBytesEach(count, async () => {
      const breaker = createCockatiel()
      await breaker.execute(work)
      return breaker
    })
    const opossum = await heapBytesEach(count, async () => {
      const breaker = createOpossum({ timeout: false, enableSnapshots: false })
      await breaker.fire(work)
      return breaker
    })
    return { value, unit: 'bytes', peers: { cockatiel, opossum }, n: count }
  },
}
