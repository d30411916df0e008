import { createTestClock } from '@assay/core/testing'
import { describe, expect, test } from 'vitest'

import { createEventNews } from './event-news.ts'

async function setUp() {
  const clock = createTestClock()
  const listeners = new Set<(payload: string | null) => void>()
  const news = createEventNews({
    channel: 'assay_events',
    source: 'fair',
    clock,
    listen: async (_channel, onNotify) => {
      listeners.add(onNotify)
      return async () => void listeners.delete(onNotify)
    },
  })
  const told: string[] = []
  const end = await news.watch(() => told.push('news'))
  const notify = (payload: string | null): void => {
    for (const onNotify of listeners) onNotify(payload)
  }
  return { clock, news, told, end, notify, listeners }
}

describe('event news', () => {
  test('are those of the source, and a loss of the connection', async () => {
    const { told, notify } = await setUp()
    notify('another')
    expect(told).toHaveLength(0)
    notify('fair')
    notify(null)
    expect(told).toHaveLength(2)
  })

  test('come again after a page that was not complete, ever later while none is', async () => {
    const { clock, news, told } = await setUp()
    const waits: number[] = []
    for (let round = 1; round <= 7; round += 1) {
      news.noteLastPage({ isComplete: false })
      // Another partition, read at the same time.
      news.noteLastPage({ isComplete: false })
      const before = clock.now()
      while (told.length < round) await clock.advance(10)
      waits.push(clock.now() - before)
    }
    expect(waits).toEqual([50, 100, 200, 400, 800, 1_000, 1_000])

    news.noteLastPage({ isComplete: true })
    await clock.advance(60_000)
    expect(told).toHaveLength(7)
    news.noteLastPage({ isComplete: false })
    await clock.advance(50)
    expect(told).toHaveLength(8)
  })

  test('do not come to whoever watches no more', async () => {
    const { clock, news, told, end, listeners } = await setUp()
    news.noteLastPage({ isComplete: false })
    await end()
    news.noteLastPage({ isComplete: false })
    await clock.advance(60_000)
    expect(told).toEqual([])
    expect(listeners.size).toBe(0)
  })
})
