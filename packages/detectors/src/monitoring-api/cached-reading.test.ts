import { createTestClock } from '@assay/core/testing'
import { describe, expect, it } from 'vitest'

import { createCachedReading } from './cached-reading.ts'

describe('createCachedReading', () => {
  it('tells a failure to all who waited, and reads anew for the next', async () => {
    let reads = 0
    const read = createCachedReading({
      read: async () => {
        reads += 1
        if (reads === 1) throw new Error('down')
        return reads
      },
      keepMs: () => 1_000,
      clock: createTestClock(),
    })
    const both = await Promise.allSettled([read(), read()])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await read()).toBe(2)
    expect(await read()).toBe(2)
  })

  it('waits for a reading that hangs only for so long', async () => {
    const clock = createTestClock()
    let reads = 0
    const read = createCachedReading({
      read: () => {
        reads += 1
        return reads === 1 ? new Promise<number>(() => {}) : Promise.resolve(reads)
      },
      keepMs: () => 1_000,
      clock,
    })
    void read()
    await clock.advance(9_999)
    void read()
    expect(reads).toBe(1)
    await clock.advance(1)
    expect(await read()).toBe(2)
  })

  it('keeps what was read from the moment at which it was asked for', async () => {
    const clock = createTestClock()
    let reads = 0
    const read = createCachedReading({
      read: async () => {
        await clock.sleep(600)
        reads += 1
        return reads
      },
      keepMs: () => 1_000,
      clock,
    })
    const first = read()
    await clock.advance(600)
    expect(await first).toBe(1)
    await clock.advance(400)
    const second = read()
    await clock.advance(600)
    expect(await second).toBe(2)
  })
})
