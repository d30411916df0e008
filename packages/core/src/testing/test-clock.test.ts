import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'

import { createTestClock } from './test-clock.ts'

const caught = (error: unknown): unknown => error

describe('time', () => {
  it('stands still until it is moved', async () => {
    const clock = createTestClock({ now: 1_700_000_000_000 })
    expect([clock.now(), clock.monotonic()]).toEqual([1_700_000_000_000, 0])
    await clock.advance(250)
    expect([clock.now(), clock.monotonic()]).toEqual([1_700_000_000_250, 250])
  })

  it('begins at 0 by default', () => {
    expect(createTestClock().now()).toBe(0)
  })

  it('keeps durations when the wall clock is set, and fires no timer', async () => {
    const clock = createTestClock({ now: 1_000 })
    const fired = vi.fn<() => void>()
    clock.setTimer(fired, 100)
    await clock.advance(10)
    clock.setWallClock(9_000_000)
    expect([clock.now(), clock.monotonic()]).toEqual([9_000_000, 10])
    clock.setWallClock(500)
    await clock.advance(89)
    expect([clock.now(), clock.monotonic()]).toEqual([589, 99])
    expect(fired).not.toHaveBeenCalled()
    await clock.advance(1)
    expect(fired).toHaveBeenCalledTimes(1)
  })

  it.each([-1, Number.NaN, Infinity])('refuses to be advanced by %d', async (ms) => {
    const clock = createTestClock()
    await expect(clock.advance(ms)).rejects.toThrow(RangeError)
    expect(clock.monotonic()).toBe(0)
  })

  it('never goes back, even when it is advanced while it advances', async () => {
    const clock = createTestClock()
    const within: Promise<void>[] = []
    clock.setTimer(() => within.push(clock.advance(1_000)), 10)
    await clock.advance(20)
    await Promise.all(within)
    expect(clock.monotonic()).toBe(1_010)

    await Promise.all([clock.advance(50), clock.advance(10)])
    expect(clock.monotonic()).toBe(1_060)
  })
})

describe('timers and sleeps', () => {
  it('fire each at its own moment, those of one moment in the order they were set', async () => {
    const clock = createTestClock()
    const fired: string[] = []
    const note = (name: string) => (): void => void fired.push(`${name} at ${clock.monotonic()}`)
    clock.setTimer(note('late'), 30)
    clock.setTimer(note('first of two'), 20)
    void clock.sleep(20).then(note('second of two'))
    clock.setTimer(note('early'), 10)
    await clock.advance(30)
    expect(fired).toEqual([
      'early at 10',
      'first of two at 20',
      'second of two at 20',
      'late at 30',
    ])
    expect(clock.pending).toBe(0)
  })

  it('wake inside an interval as often as they are set again inside it', async () => {
    const clock = createTestClock()
    const wokeAt: number[] = []
    const loop = async (): Promise<void> => {
      for (let turn = 0; turn < 4; turn += 1) {
        await clock.sleep(10)
        await Promise.resolve()
        wokeAt.push(clock.monotonic())
      }
    }
    void loop()
    await clock.advance(35)
    expect(wokeAt).toEqual([10, 20, 30])
    await clock.advance(5)
    expect(wokeAt).toEqual([10, 20, 30, 40])
    expect(clock.pending).toBe(0)
  })

  it('of no duration, or of one that is none, wait for the clock to be moved at all', async () => {
    for (const ms of [0, -5, Number.NaN]) {
      const clock = createTestClock()
      const fired = vi.fn<() => void>()
      clock.setTimer(fired, ms)
      clock.setTimer(fired, 1)
      expect(fired).not.toHaveBeenCalled()
      await clock.advance(0)
      expect(fired).toHaveBeenCalledTimes(1)
      await clock.advance(1)
      expect(fired).toHaveBeenCalledTimes(2)
    }
  })

  it('that are cancelled never fire', async () => {
    const clock = createTestClock()
    const fired = vi.fn<() => void>()
    const timer = clock.setTimer(fired, 10)
    clock.setTimer(() => timer.cancel(), 10)
    const cancelled = clock.setTimer(fired, 5)
    cancelled.cancel()
    cancelled.cancel()
    expect(clock.pending).toBe(2)
    await clock.advance(10)
    // The first of the two at 10 fired before the second cancelled it.
    expect(fired).toHaveBeenCalledTimes(1)
    expect(clock.pending).toBe(0)
  })

  it('can be cancelled by another of the same moment that fires first', async () => {
    const clock = createTestClock()
    const fired = vi.fn<() => void>()
    clock.setTimer(() => timer.cancel(), 10)
    const timer = clock.setTimer(fired, 10)
    await clock.advance(20)
    expect(fired).not.toHaveBeenCalled()
  })

  it('fire in order of their moments, whatever these are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 20 }), fc.nat(60), async (delays, ms) => {
        const clock = createTestClock()
        const fired: number[] = []
        for (const delay of delays) {
          clock.setTimer(() => {
            expect(clock.monotonic()).toBe(delay)
            fired.push(delay)
          }, delay)
        }
        await clock.advance(ms)
        expect(fired).toEqual(delays.filter((delay) => delay <= ms).sort((a, b) => a - b))
        expect(clock.pending).toBe(delays.length - fired.length)
      }),
    )
  })
})

describe('a sleep', () => {
  it('ends with the reason of its signal', async () => {
    const clock = createTestClock()
    const controller = new AbortController()
    const sleeping = clock.sleep(100, controller).catch(caught)
    await clock.advance(50)
    controller.abort('enough')
    expect(await sleeping).toBe('enough')
    expect(clock.pending).toBe(0)
  })

  it('does not begin under a signal that has aborted', async () => {
    const clock = createTestClock()
    await expect(clock.sleep(100, { signal: AbortSignal.abort('late') })).rejects.toBe('late')
    expect(clock.pending).toBe(0)
  })

  it('lets go of its signal at its end', async () => {
    const clock = createTestClock()
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    const sleeping = clock.sleep(100, { signal })
    await clock.advance(100)
    await sleeping
    expect(added).toHaveBeenCalledTimes(1)
    expect(removed).toHaveBeenCalledWith('abort', added.mock.calls[0]?.[1])
  })
})

describe('advanceToNext', () => {
  it('moves to the next moment, fires all of it, and stops there', async () => {
    const clock = createTestClock()
    const fired: number[] = []
    for (const ms of [30, 10, 10]) clock.setTimer(() => fired.push(ms), ms)
    expect(await clock.advanceToNext()).toBe(true)
    expect([clock.monotonic(), fired]).toEqual([10, [10, 10]])
    expect(await clock.advanceToNext()).toBe(true)
    expect([clock.monotonic(), fired]).toEqual([30, [10, 10, 30]])
    expect(await clock.advanceToNext()).toBe(false)
    expect(clock.monotonic()).toBe(30)
  })

  it('waits for code that is about to sleep', async () => {
    const clock = createTestClock()
    const woke = vi.fn<() => void>()
    void Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => clock.sleep(40))
      .then(woke)
    expect(await clock.advanceToNext()).toBe(true)
    expect(clock.monotonic()).toBe(40)
    expect(woke).toHaveBeenCalledTimes(1)
  })

  it('finds nothing ahead of a sleep that has no end', async () => {
    const clock = createTestClock()
    clock.setTimer(() => {}, Infinity)
    expect(await clock.advanceToNext()).toBe(false)
    expect([clock.monotonic(), clock.pending]).toEqual([0, 1])
  })
})

it('works while fake timers are installed', async () => {
  vi.useFakeTimers()
  try {
    const clock = createTestClock()
    const fired = vi.fn<() => void>()
    clock.setTimer(fired, 10)
    await clock.advance(10)
    expect(fired).toHaveBeenCalledTimes(1)
  } finally {
    vi.useRealTimers()
  }
})
