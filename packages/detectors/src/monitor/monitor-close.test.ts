import { faulty } from '@assay/core/testing'
import { describe, expect, test } from 'vitest'

import { createMonitoredLedger } from '../testing/monitored-ledger.ts'

/** A ledger whose source takes a second to read a page of. */
function createSlowLedger() {
  return createMonitoredLedger(({ source, clock }) => ({
    sources: [faulty(source, () => ({ kind: 'delay', ms: 1_000, clock }))],
  }))
}

describe('a monitor that is closed', () => {
  test.each([
    ['with a signal of its own', { signal: new AbortController().signal }],
    ['without a signal', {}],
  ])(
    'ends a cycle %s, and waits for its end before it gives its partitions back',
    async (_, options) => {
      const { clock, monitor, store } = createSlowLedger()
      let hasEnded = false
      const cycle = monitor
        .cycle(options)
        .catch((error: unknown) => error)
        .finally(() => void (hasEnded = true))
      await clock.advance(500)
      let wasOver: boolean | undefined
      const closed = monitor.close().then(() => void (wasOver = hasEnded))
      await clock.advance(1_000)
      await closed
      expect(wasOver).toBe(true)
      expect(await cycle).toMatchObject({ code: 'MONITOR_CLOSED' })
      expect((await store.listPositions()).map(({ owner }) => owner)).not.toContain('one')
    },
  )

  test('refuses a cycle, and leases nothing any more', async () => {
    const { monitor, store } = createMonitoredLedger()
    await monitor.cycle()
    await monitor.close()
    await expect(monitor.cycle({ signal: new AbortController().signal })).rejects.toMatchObject({
      code: 'MONITOR_CLOSED',
    })
    await expect(monitor.cycle()).rejects.toMatchObject({ code: 'MONITOR_CLOSED' })
    expect((await store.listPositions()).map(({ owner }) => owner)).not.toContain('one')
  })
})

test('a cycle still ends by the signal of whoever asked for it', async () => {
  const { clock, monitor } = createSlowLedger()
  const limit = new AbortController()
  const cycle = monitor.cycle({ signal: limit.signal })
  const failed = expect(cycle).rejects.toBe('enough')
  limit.abort('enough')
  await clock.advance(1_000)
  await failed
})
