import { atMost, type Figure } from '../figure.ts'
import { createOpossum, createOurs } from './breaker-peers.ts'

const count = 10_000
const watchMs = 3_000

export const figure: Figure = {
  id: 'breaker.idle',
  targets: [atMost(5, 'ms/s')],
  // Open breakers: those are the ones that could want a timer.
  async measure() {
    const ours = Array.from({ length: count }, (_, i) => createOurs({ name: `dependency-${i}` }))
    for (const breaker of ours) {
      breaker.restore({ ...breaker.snapshot(), state: 'open', probeAt: Date.now() + 500 })
    }
    const value = await cpuMsPerSecond()

    const opossums = Array.from({ length: count }, () => createOpossum())
    const opossum = await cpuMsPerSecond()
    for (const breaker of opossums) breaker.shutdown()
    return { value, unit: 'ms/s', peers: { opossum }, n: ours.length }
  },
}

/** CPU time that this process uses while nobody asks anything of it. */
async function cpuMsPerSecond(): Promise<number> {
  globalThis.gc?.()
  const before = process.cpuUsage()
  await new Promise((resolve) => {
    setTimeout(resolve, watchMs)
  })
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000 / (watchMs / 1_000)
}
