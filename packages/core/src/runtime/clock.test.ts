import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { systemClock } from './clock.ts'

const TIMEOUT_MAX_MS = 2 ** 31 - 1

const caught = (error: unknown): unknown => error

describe('systemClock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_700_000_000_000 })
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  it('reads the host, fake timers included', () => {
    const startedAt = systemClock.monotonic()
    vi.advanceTimersByTime(250)
    expect(systemClock.now()).toBe(1_700_000_000_250)
    expect(systemClock.monotonic() - startedAt).toBe(250)
  })

  it('keeps durations apart from a wall clock that is set back', () => {
    const startedAt = systemClock.monotonic()
    vi.setSystemTime(0)
    vi.advanceTimersByTime(10)
    expect(systemClock.now()).toBe(10)
    expect(systemClock.monotonic() - startedAt).toBe(10)
  })

  it.each([1, TIMEOUT_MAX_MS, TIMEOUT_MAX_MS + 1, 3 * TIMEOUT_MAX_MS + 7])(
    'fires a timer of %d ms once, and not a millisecond early',
    (ms) => {
      const fired = vi.fn<() => void>()
      systemClock.setTimer(fired, ms)
      vi.advanceTimersByTime(ms - 1)
      expect(fired).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      expect(fired).toHaveBeenCalledTimes(1)
      expect(vi.getTimerCount()).toBe(0)
    },
  )

  it('never fires a timer of Infinity', () => {
    const fired = vi.fn<() => void>()
    const timer = systemClock.setTimer(fired, Infinity)
    vi.advanceTimersByTime(10 * TIMEOUT_MAX_MS)
    expect(fired).not.toHaveBeenCalled()
    timer.cancel()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('cancels a timer, even one that waits its second month', () => {
    const fired = vi.fn<() => void>()
    const timer = systemClock.setTimer(fired, 2 * TIMEOUT_MAX_MS)
    vi.advanceTimersByTime(TIMEOUT_MAX_MS + 1)
    timer.cancel()
    timer.cancel()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(TIMEOUT_MAX_MS)
    expect(fired).not.toHaveBeenCalled()
  })

  it('takes no harm from cancelling a timer that has fired', () => {
    const fired = vi.fn<() => void>()
    const timer = systemClock.setTimer(fired, 1)
    vi.advanceTimersByTime(1)
    timer.cancel()
    expect(fired).toHaveBeenCalledTimes(1)
  })

  it('sleeps, and then lets go of the signal', async () => {
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    const awake = vi.fn<() => void>()
    const sleeping = systemClock.sleep(100, { signal }).then(awake)
    await vi.advanceTimersByTimeAsync(99)
    expect(awake).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await sleeping
    expect(awake).toHaveBeenCalledTimes(1)
    expect(added).toHaveBeenCalledTimes(1)
    expect(removed).toHaveBeenCalledWith('abort', added.mock.calls[0]?.[1])
  })

  it('ends a sleep with the reason of the signal, and leaves no timer', async () => {
    const controller = new AbortController()
    const sleeping = systemClock.sleep(2 * TIMEOUT_MAX_MS, controller).catch(caught)
    await vi.advanceTimersByTimeAsync(TIMEOUT_MAX_MS + 1)
    controller.abort('enough')
    expect(await sleeping).toBe('enough')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not fall asleep under a signal that has aborted', async () => {
    const signal = AbortSignal.abort('too late')
    await expect(systemClock.sleep(100, { signal })).rejects.toBe('too late')
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a process', () => {
  /** Runs `script`, which finds `systemClock`, in a process of its own. */
  async function runProcess(script: string): Promise<string> {
    const clockUrl = new URL('clock.ts', import.meta.url).href
    const source = `import { systemClock } from ${JSON.stringify(clockUrl)}\n${script}`
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', source],
      { timeout: 20_000 },
    )
    return stdout.trim()
  }

  it('is not kept alive by a timer', async () => {
    const script = `systemClock.setTimer(() => console.log('fired'), 60_000); console.log('set')`
    expect(await runProcess(script)).toBe('set')
  })

  it('is kept alive by a sleep, to its end', async () => {
    const script = `systemClock.sleep(20).then(() => console.log('woke'))`
    expect(await runProcess(script)).toBe('woke')
  })

  it('ends with a sleep that was aborted', async () => {
    const script = `
      const controller = new AbortController()
      systemClock.sleep(60_000, controller).catch(console.log)
      controller.abort('enough')`
    expect(await runProcess(script)).toBe('enough')
  })
})
