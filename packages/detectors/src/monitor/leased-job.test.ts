import { createTestClock, faulty } from '@assay/core/testing'
import { describe, expect, test } from 'vitest'

import { createMonitor } from './create-monitor.ts'
import { createMemoryEventSource } from './memory-event-source.ts'
import { createMemoryMonitorStore } from './memory-monitor-store.ts'
import type { MonitorJob } from './monitor-options.ts'

/** Two monitors of one store with the same job, each running by itself. */
function createPair(job: Omit<MonitorJob, 'name'>, isSlow = false) {
  const clock = createTestClock({ now: 1_749_895_200_000 })
  const store = createMemoryMonitorStore()
  const stopping = new AbortController()
  const begin = (owner: string): Promise<void> =>
    createMonitor({
      sources: [createMemoryEventSource()],
      store: faulty(store, ({ method, args: [request] }) =>
        isSlow && method === 'lease' && (request as { pass: string }).pass.includes('refresh')
          ? { kind: 'delay', ms: 31_000, clock }
          : undefined,
      ),
      jobs: [{ name: 'refresh', ...job }],
      leaseMs: 1_000,
      timeoutMs: 30_000,
      clock,
      owner,
    }).run({ signal: stopping.signal })
  const running = [begin('one'), begin('two')]
  const stop = async (): Promise<void> => {
    stopping.abort()
    await clock.advance(60_000)
    await Promise.all(running)
  }
  return { clock, stop }
}

describe('a job', () => {
  test('runs in one monitor at a time, however much longer than its cadence it takes', async () => {
    let runs = 0
    let atOnce = 0
    let atOnceMax = 0
    const { clock, stop } = createPair({
      everyMs: 2_000,
      async run() {
        runs += 1
        atOnceMax = Math.max(atOnceMax, (atOnce += 1))
        await clock.sleep(25_000)
        atOnce -= 1
      },
    })
    await clock.advance(120_000)
    expect(runs).toBeGreaterThan(3)
    expect(atOnceMax).toBe(1)
    await stop()
  })

  test('may take some time to end once it is aborted', async () => {
    let atOnce = 0
    let atOnceMax = 0
    const { clock, stop } = createPair({
      everyMs: 2_000,
      async run() {
        atOnceMax = Math.max(atOnceMax, (atOnce += 1))
        await clock.sleep(30_900)
        atOnce -= 1
      },
    })
    await clock.advance(120_000)
    expect(atOnceMax).toBe(1)
    await stop()
  })

  test('does not begin when its lease comes only after its time', async () => {
    let runs = 0
    const run = async (): Promise<void> => void (runs += 1)
    const { clock, stop } = createPair({ everyMs: 60_000, run }, true)
    await clock.advance(50_000)
    expect(runs).toBe(0)
    await stop()
  })
})
