import { execFileSync } from 'node:child_process'
import { getEventListeners } from 'node:events'

// @ts-expect-error -- opossum has no types of its own.
import opossum from 'opossum'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createCircuitBreaker } from '../circuit-breaker/create-circuit-breaker.ts'
import { isAssayError } from '../errors/assay-error.ts'
import { silentLogger } from '../logger/logger.ts'
import {
  createOpossumCircuitBreaker,
  type OpossumCircuitBreakerOptions,
} from './create-opossum-circuit-breaker.ts'
import type { OpossumBreaker } from './opossum-breaker.ts'
import { runWork } from './run-work.ts'

/** What these tests touch of opossum beyond what the adapter needs. */
interface RawBreaker extends OpossumBreaker {
  readonly stats: { readonly failures: number; readonly successes: number }
  fallback(answer: () => unknown): void
  shutdown(): void
  toJSON(): { readonly state: object }
}

const Opossum = opossum as new (action: unknown, options?: object) => RawBreaker

function createRaw(options: object = {}): RawBreaker {
  return new Opossum(runWork, { name: 'rates', timeout: false, ...options })
}

function setUp(options: object = {}, adapter: Partial<OpossumCircuitBreakerOptions> = {}) {
  const raw = createRaw(options)
  const errors: string[] = []
  const logger = {
    ...silentLogger,
    error: (_: object, message: string) => void errors.push(message),
  }
  return { raw, errors, breaker: createOpossumCircuitBreaker({ breaker: raw, logger, ...adapter }) }
}

const succeed = (): Promise<string> => Promise.resolve('ok')
const fail = (): Promise<never> => Promise.reject(new Error('down'))
const throwing = (): never => {
  throw new Error('broken listener')
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** Runs opossum in a process of its own, and returns how that ended. */
function endOfProcess(script: string): string {
  const prelude = "const Opossum = require('opossum');"
  const cwd = import.meta.dirname
  try {
    return execFileSync(process.execPath, ['-e', prelude + script], {
      cwd,
      stdio: 'pipe',
    }).toString()
  } catch (error) {
    return String(error)
  }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a listener that throws', () => {
  test('raw: a success is answered with the error of the listener, and counted as a failure', async () => {
    const raw = createRaw()
    raw.addListener('success', throwing)
    await expect(raw.fire(succeed)).rejects.toThrow('broken listener')
    expect(raw.opened).toBe(true)
  })

  test.each([
    ['failure', "b.on('failure', boom); b.fire(() => Promise.reject(new Error('down')))"],
    ['timeout', "b.on('timeout', boom); b.fire(() => new Promise((r) => setTimeout(r, 99)))"],
    ['open', "b.on('open', boom); b.fire(() => Promise.reject(new Error('down')))"],
  ])('raw: on %s it ends the process', (_, script) => {
    const setUp = `
      const boom = () => { throw new Error('broken listener') };
      const b = new Opossum((work) => work(), { timeout: 5 });`
    expect(endOfProcess(`${setUp}${script}.catch(() => {})`)).toContain('broken listener')
  })

  test.each(['fire', 'success', 'failure', 'timeout', 'open', 'halfOpen', 'close', 'reject'])(
    'adapter: on %s it is logged and changes nothing, and the next listener hears the event',
    async (event) => {
      const { breaker, raw, errors } = setUp({ timeout: 1_000, resetTimeout: 30_000 })
      const next = vi.fn<() => void>()
      raw.addListener(event, throwing)
      raw.addListener(event, next)

      expect(await breaker.execute(succeed)).toBe('ok')
      expect(breaker.state).toBe('closed')
      await expect(breaker.execute(fail)).rejects.toThrow('down')
      await breaker.execute(fail).catch(() => {})
      expect(breaker.state).toBe('open')
      await expect(breaker.execute(succeed)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' })

      await vi.advanceTimersByTimeAsync(30_000)
      const hung = errorOf(breaker.execute(() => new Promise(() => {})))
      await vi.advanceTimersByTimeAsync(1_000)
      expect(isAssayError(await hung, 'CIRCUIT_CALL_TIMEOUT')).toBe(true)
      await vi.advanceTimersByTimeAsync(30_000)
      expect(await breaker.execute(succeed)).toBe('ok')
      expect(breaker.state).toBe('closed')

      expect(next).toHaveBeenCalled()
      expect(errors).toHaveLength(next.mock.calls.length)
      expect(errors[0]).toBe(`A listener of opossum's "${event}" event threw.`)
    },
  )

  test('adapter: one that stands before those of opossum changes nothing either', async () => {
    const { breaker, raw } = setUp({ resetTimeout: 30_000 })
    const { prependListener } = raw as unknown as { prependListener: RawBreaker['addListener'] }
    for (const event of ['failure', 'open']) Reflect.apply(prependListener, raw, [event, throwing])
    await expect(breaker.execute(fail)).rejects.toThrow('down')
    expect(breaker.state).toBe('open')
    await vi.advanceTimersByTimeAsync(30_000)
    expect(breaker.state).toBe('half-open')
  })
})

describe('a call from before the circuit opened', () => {
  async function setUpHalfOpen(options: object = {}) {
    const all = setUp({ resetTimeout: 1_000, errorThresholdPercentage: 1, ...options })
    const late = Promise.withResolvers<string>()
    return { ...all, late }
  }

  test('raw: its late success closes the half-open circuit', async () => {
    const { raw, late } = await setUpHalfOpen()
    const answer = raw.fire(() => late.promise)
    await errorOf(raw.fire(fail))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(raw.halfOpen).toBe(true)
    late.resolve('late')
    await answer
    expect(raw.halfOpen || raw.opened).toBe(false)
  })

  test('raw: its late failure reopens the half-open circuit', async () => {
    const { raw, late } = await setUpHalfOpen()
    const answer = errorOf(raw.fire(() => late.promise))
    await errorOf(raw.fire(fail))
    await vi.advanceTimersByTimeAsync(1_000)
    late.reject(new Error('late'))
    await answer
    expect(raw.opened).toBe(true)
  })

  test('adapter: it answers its caller, and opossum hears of it once the probe has decided', async () => {
    const { raw, breaker, late } = await setUpHalfOpen()
    const answer = breaker.execute(() => late.promise)
    await errorOf(breaker.execute(fail))
    await vi.advanceTimersByTimeAsync(1_000)
    late.resolve('late')
    expect(await answer).toBe('late')
    expect(breaker.state).toBe('half-open')
    expect(raw.stats.successes).toBe(0)

    await errorOf(breaker.execute(fail))
    await vi.advanceTimersByTimeAsync(0)
    expect(breaker.state).toBe('open')
    expect(raw.stats.successes).toBe(1)
  })

  test('adapter: its timeout reopens the half-open circuit, unless it comes before that', async () => {
    for (const [resetTimeout, state] of [
      [1_000, 'open'],
      [2_000, 'half-open'],
    ] as const) {
      const { breaker } = await setUpHalfOpen({ resetTimeout, timeout: 2_000 })
      const hung = errorOf(breaker.execute(() => new Promise(() => {})))
      await errorOf(breaker.execute(fail))
      await vi.advanceTimersByTimeAsync(2_000)
      expect(isAssayError(await hung, 'CIRCUIT_CALL_TIMEOUT')).toBe(true)
      expect(breaker.state).toBe(state)
    }
  })
})

describe('the abort controller', () => {
  test('raw: the timeout of one call aborts all, also those that begin later', async () => {
    const abortController = new AbortController()
    const raw = createRaw({ timeout: 1_000, abortController })
    const signals: AbortSignal[] = []
    const hang = (): Promise<never> => {
      signals.push(abortController.signal)
      return new Promise(() => {})
    }
    void errorOf(raw.fire(hang))
    await vi.advanceTimersByTimeAsync(900)
    void errorOf(raw.fire(hang))
    await vi.advanceTimersByTimeAsync(100)
    expect(signals.map((signal) => signal.aborted)).toEqual([true, true])
    expect(abortController.signal.aborted).toBe(true)
  })

  test('adapter: the timeout of one call aborts that call', async () => {
    const { breaker } = setUp({ timeout: 1_000, volumeThreshold: 10 })
    const signals: AbortSignal[] = []
    const hang = (): Promise<unknown> =>
      errorOf(
        breaker.execute(({ signal }) => {
          signals.push(signal)
          return new Promise(() => {})
        }),
      )
    const first = hang()
    await vi.advanceTimersByTimeAsync(900)
    void hang()
    await vi.advanceTimersByTimeAsync(100)
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false])
    expect(signals[0]?.reason).toBe(await first)
  })
})

describe('restoring', () => {
  const state = async (ageMs: number): Promise<object> => {
    const raw = createRaw({ resetTimeout: 1_000 })
    await vi.advanceTimersByTimeAsync(ageMs)
    await errorOf(raw.fire(fail))
    return raw.toJSON().state
  }

  test('raw: an old breaker that has just opened comes back half-open', async () => {
    expect(createRaw({ resetTimeout: 1_000, state: await state(5_000) }).halfOpen).toBe(true)
  })

  test('raw: one that has been open for a while waits its whole reset timeout again', async () => {
    const stored = await state(0)
    await vi.advanceTimersByTimeAsync(900)
    const raw = createRaw({ resetTimeout: 1_000, state: stored })
    await vi.advanceTimersByTimeAsync(999)
    expect(raw.opened).toBe(true)
  })

  test('adapter: an open or half-open circuit waits a whole reset timeout, never less', async () => {
    const native = createCircuitBreaker({ name: 'rates', failureThreshold: 1, resetTimeoutMs: 500 })
    await errorOf(native.execute(fail))
    for (const waitMs of [0, 500]) {
      await vi.advanceTimersByTimeAsync(waitMs)
      const { breaker } = setUp({ resetTimeout: 1_000 })
      breaker.restore(native.snapshot())
      expect(breaker.state).toBe('open')
      await vi.advanceTimersByTimeAsync(999)
      expect(breaker.state).toBe('open')
      await vi.advanceTimersByTimeAsync(1)
      expect(breaker.state).toBe('half-open')
    }
  })
})

describe('the options object', () => {
  test('raw: opossum writes into it, and two breakers made from one share a cache', async () => {
    const options = { name: 'rates', cache: true, cacheGetKey: () => 'key' }
    const [one, other] = [new Opossum(runWork, options), new Opossum(runWork, options)]
    expect(options).toMatchObject({ timeout: 10_000, cacheTransport: expect.anything() })
    expect(await one.fire(() => 'one')).toBe('one')
    expect(await other.fire(() => 'other')).toBe('one')
  })

  test.each(['cache', 'coalesce'])(
    'raw: with %s, all functions are the same key',
    async (option) => {
      const raw = createRaw({ [option]: true })
      expect(await raw.fire(() => 'one')).toBe('one')
      expect(await raw.fire(() => 'other')).toBe('one')
    },
  )

  test.each([
    ['no breaker', undefined],
    ['null', null],
    ['another action', new Opossum(() => succeed(), { name: 'rates' })],
    ['no name', new Opossum(runWork)],
    ['a cache', createRaw({ cache: true })],
    ['coalescing', createRaw({ coalesce: true })],
  ])('adapter: refuses a breaker with %s', (_, breaker) => {
    expect(() =>
      createOpossumCircuitBreaker({ breaker } as unknown as OpossumCircuitBreakerOptions),
    ).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})

describe('what is no promise', () => {
  test('raw: work that returns undefined fails', async () => {
    const raw = new Opossum(() => undefined)
    await expect(raw.fire()).rejects.toThrow(TypeError)
    expect(raw.stats.failures).toBe(1)
  })

  test('adapter: the action that it asks for takes anything', async () => {
    const raw = createRaw()
    expect(await raw.fire(() => undefined)).toBeUndefined()
    expect(await raw.fire(() => 7)).toBe(7)
    await expect(raw.fire(throwing)).rejects.toThrow('broken listener')
    await expect(raw.fire('no function')).rejects.toThrow(TypeError)
  })
})

describe('a fallback', () => {
  test('raw: it hides that the circuit is open, and that a call failed', async () => {
    const raw = createRaw()
    raw.fallback(() => 'stale rate')
    expect(await raw.fire(fail)).toBe('stale rate')
    expect(raw.opened).toBe(true)
    expect(await raw.fire(succeed)).toBe('stale rate')
  })

  test('adapter: the caller hears the truth, and does not wait for the fallback', async () => {
    const { raw, breaker } = setUp({ timeout: 1_000, resetTimeout: 30_000 })
    raw.fallback(() => new Promise(() => {}))
    await expect(breaker.execute(fail)).rejects.toThrow('down')
    await expect(breaker.execute(succeed)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' })
    await vi.advanceTimersByTimeAsync(30_000)
    const hung = errorOf(breaker.execute(() => new Promise(() => {})))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(isAssayError(await hung, 'CIRCUIT_CALL_TIMEOUT')).toBe(true)
  })

  test('adapter: one that rejects is not left unhandled', async () => {
    const { raw, breaker } = setUp()
    raw.fallback(fail)
    await expect(breaker.execute(fail)).rejects.toThrow('down')
    await expect(breaker.execute(succeed)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' })
  })
})

describe('what is only documented', () => {
  test('raw: an errorFilter that throws ends the process', () => {
    const script = `
      const errorFilter = () => { throw new Error('broken filter') };
      new Opossum((work) => work(), { errorFilter }).fire(() => Promise.reject(1)).catch(() => {})`
    expect(endOfProcess(script)).toContain('broken filter')
  })

  test('a call that capacity rejects is CIRCUIT_OPEN to its caller, and a failure to opossum', async () => {
    const { breaker, raw } = setUp({ capacity: 1 })
    const { promise, resolve } = Promise.withResolvers<string>()
    const first = breaker.execute(() => promise)
    await expect(breaker.execute(succeed)).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
      retryAfterMs: 0,
    })
    expect(raw.stats.failures).toBe(1)
    resolve('ok')
    expect(await first).toBe('ok')
  })

  test('a caller who gives up passes for a success while closed, for a failure while half-open', async () => {
    const { breaker, raw } = setUp({ resetTimeout: 1_000 })
    const giveUp = (): Promise<unknown> => {
      const controller = new AbortController()
      const answer = breaker.execute(() => new Promise(() => {}), { signal: controller.signal })
      controller.abort()
      return errorOf(answer)
    }
    await giveUp()
    expect(raw.stats).toMatchObject({ successes: 1, failures: 0 })
    breaker.restore({ ...breaker.snapshot(), state: 'open', probeAt: Date.now() + 1_000 })
    await vi.advanceTimersByTimeAsync(1_000)
    await giveUp()
    expect(breaker.state).toBe('open')
  })
})

describe('what the host does to its breaker', () => {
  test('adapter: it is heard of: opening, closing, and a breaker that was open before', async () => {
    const raw = createRaw({ resetTimeout: 1_000 })
    raw.open()
    await vi.advanceTimersByTimeAsync(400)
    const reasons: string[] = []
    const breaker = createOpossumCircuitBreaker({
      breaker: raw,
      onStateChange: ({ to, reason }) => void reasons.push(`${to}: ${reason}`),
    })
    expect(breaker.state).toBe('open')
    await expect(breaker.execute(succeed)).rejects.toMatchObject({ retryAfterMs: 1_000 })
    raw.close()
    raw.open()
    expect(reasons).toEqual(['closed: reset', 'open: failure-threshold-reached'])
  })

  test('raw: opened by hand, it goes half-open by itself', async () => {
    const raw = createRaw({ resetTimeout: 1_000 })
    raw.open()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(raw.halfOpen).toBe(true)
  })

  test('raw: closed after a shutdown, it lets every call pass', async () => {
    const raw = createRaw()
    raw.shutdown()
    raw.close()
    for (let i = 0; i < 10; i += 1) await errorOf(raw.fire(fail))
    expect(await raw.fire(succeed)).toBe('ok')
  })

  test('adapter: a breaker that was shut down rejects every call, and cannot be reset', async () => {
    const { breaker, raw } = setUp({ timeout: 1_000 })
    const hung = errorOf(breaker.execute(() => new Promise(() => {})))
    raw.shutdown()
    breaker.reset()
    expect(breaker.state).toBe('open')
    await expect(breaker.execute(succeed)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(isAssayError(await hung, 'CIRCUIT_CALL_TIMEOUT')).toBe(true)
  })

  test('adapter: a listener that resets the circuit as it opens leaves it closed', async () => {
    const { raw } = setUp()
    const breaker = createOpossumCircuitBreaker({
      breaker: raw,
      onStateChange: ({ to }) => {
        if (to === 'open') breaker.reset()
      },
    })
    await expect(breaker.execute(fail)).rejects.toThrow('down')
    expect(breaker.state).toBe('closed')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(breaker.state).toBe('closed')
  })
})

test('a hundred calls with one signal leave nothing behind, ended or given up', async () => {
  const { breaker, raw } = setUp({ timeout: 1_000, volumeThreshold: 1_000 })
  const timers = vi.getTimerCount()
  const controller = new AbortController()
  const { signal } = controller
  for (let i = 0; i < 100; i += 1) await breaker.execute(succeed, { signal })
  expect(getEventListeners(signal, 'abort')).toEqual([])

  const hung = Array.from({ length: 100 }, () =>
    errorOf(breaker.execute(() => new Promise(() => {}), { signal })),
  )
  const reason = new Error('user left')
  controller.abort(reason)
  expect(new Set(await Promise.all(hung))).toEqual(new Set([reason]))
  expect(raw.stats.failures).toBe(0)
  expect(vi.getTimerCount()).toBe(timers)
})
