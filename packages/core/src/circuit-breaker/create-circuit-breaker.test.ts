import { describe, expect, test, vi } from 'vitest'

import { isAssayError } from '../errors/assay-error.ts'
import { silentLogger } from '../logger/logger.ts'
import { createTestClock } from '../testing/test-clock.ts'
import { processorBreaker, rpcBreaker } from './circuit-breaker-presets.ts'
import type { CircuitBreaker, CircuitSnapshot, CircuitStateChange } from './circuit-breaker.ts'
import { CircuitOpenError } from './circuit-open-error.ts'
import { type CircuitBreakerOptions, createCircuitBreaker } from './create-circuit-breaker.ts'

function setUp(options: Partial<CircuitBreakerOptions> = {}) {
  const clock = createTestClock({ now: 1_700_000_000_000 })
  const changes: CircuitStateChange[] = []
  const breaker = createCircuitBreaker({
    name: 'rpc',
    clock,
    onStateChange: (change) => void changes.push(change),
    ...options,
  })
  return { clock, changes, breaker }
}

const succeed = (breaker: CircuitBreaker): Promise<string> => breaker.execute(async () => 'ok')

async function fail(breaker: CircuitBreaker, times = 1): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    await expect(breaker.execute(() => Promise.reject(new Error('down')))).rejects.toThrow('down')
  }
}

/** A call that ends when the test says so. */
function hang(breaker: CircuitBreaker) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  return { result: breaker.execute(() => promise), resolve, reject }
}

describe('closed', () => {
  test('opens on the fifth consecutive failure', async () => {
    const { breaker, changes, clock } = setUp()
    await fail(breaker, 4)
    expect(breaker.state).toBe('closed')
    await fail(breaker)
    expect(breaker.state).toBe('open')
    expect(changes).toEqual([
      {
        name: 'rpc',
        from: 'closed',
        to: 'open',
        reason: 'failure-threshold-reached',
        at: clock.now(),
      },
    ])
  })

  test('starts counting again after a success', async () => {
    const { breaker } = setUp()
    await fail(breaker, 4)
    await succeed(breaker)
    await fail(breaker, 4)
    expect(breaker.state).toBe('closed')
  })

  test.each([
    ['a promise', () => Promise.resolve('value'), 'value'],
    ['undefined', () => undefined, undefined],
    ['a plain value', () => 7, 7],
    // oxlint-disable-next-line unicorn/no-thenable -- a foreign promise is what is tested
    ['a thenable', () => ({ then: (done: (v: string) => void) => done('later') }), 'later'],
  ])('returns what the work returns: %s', async (_, work, expected) => {
    await expect(setUp().breaker.execute<unknown>(work)).resolves.toBe(expected)
  })

  test('passes a thrown error on unchanged, synchronous or not, and counts it', async () => {
    const { breaker } = setUp({ failureThreshold: 2 })
    const error = new TypeError('bug')
    const throwing = (): never => {
      throw error
    }
    await expect(breaker.execute(throwing)).rejects.toBe(error)
    await expect(breaker.execute(() => Promise.reject(error))).rejects.toBe(error)
    expect(breaker.state).toBe('open')
  })
})

describe('open', () => {
  test('rejects at once, without calling the work, and says when to come back', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1 })
    await fail(breaker)
    await clock.advance(12_000)

    const work = vi.fn<() => string>()
    const error: unknown = await breaker.execute(work).catch((error: unknown) => error)
    expect(work).not.toHaveBeenCalled()
    expect(isAssayError(error, 'CIRCUIT_OPEN')).toBe(true)
    expect(error).toBeInstanceOf(CircuitOpenError)
    expect(error).toMatchObject({
      name: 'CircuitOpenError',
      retryAfterMs: 18_000,
      retry: 'safe',
      context: { circuit: 'rpc', retryAfterMs: 18_000 },
    })
  })

  test('sets no timer and reads half-open the moment the reset timeout has passed', async () => {
    const { breaker, clock, changes } = setUp({ failureThreshold: 1 })
    await fail(breaker)
    expect(clock.pending).toBe(0)
    await clock.advance(29_999)
    expect(breaker.state).toBe('open')
    await clock.advance(1)
    expect(breaker.state).toBe('half-open')
    expect(changes.map((change) => change.to)).toEqual(['open'])
  })

  test('is not moved by a wall clock that jumps', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1 })
    await fail(breaker)
    clock.setWallClock(clock.now() + 3_600_000)
    expect(breaker.state).toBe('open')
  })

  test('captures no stack trace for a rejection, and leaves the host its own', async () => {
    const { breaker } = setUp({ failureThreshold: 1 })
    await fail(breaker)
    const limit = Error.stackTraceLimit
    const error = (await breaker.execute(() => 1).catch((error: unknown) => error)) as Error
    expect(error.stack).not.toContain(' at ')
    expect(Error.stackTraceLimit).toBe(limit)
  })
})

describe('half-open', () => {
  async function setUpHalfOpen(options: Partial<CircuitBreakerOptions> = {}) {
    const all = setUp({ failureThreshold: 1, ...options })
    await fail(all.breaker)
    await all.clock.advance(30_000)
    return all
  }

  test('closes after three successful probes', async () => {
    const { breaker, changes } = await setUpHalfOpen()
    await succeed(breaker)
    await succeed(breaker)
    expect(breaker.state).toBe('half-open')
    await succeed(breaker)
    expect(breaker.state).toBe('closed')
    expect(changes.map(({ from, to, reason }) => `${from} → ${to}: ${reason}`)).toEqual([
      'closed → open: failure-threshold-reached',
      'open → half-open: reset-timeout-passed',
      'half-open → closed: success-threshold-reached',
    ])
  })

  test('admits one probe at a time by default', async () => {
    const { breaker } = await setUpHalfOpen()
    const probe = hang(breaker)
    await expect(succeed(breaker)).rejects.toThrow(CircuitOpenError)
    probe.resolve('ok')
    await probe.result
    await expect(succeed(breaker)).resolves.toBe('ok')
  })

  test('rejects the fourth probe where three are allowed', async () => {
    const { breaker } = await setUpHalfOpen({ halfOpenMaxCalls: 3 })
    const probes = [hang(breaker), hang(breaker), hang(breaker)]
    await expect(succeed(breaker)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' })
    for (const probe of probes) probe.resolve('ok')
    await Promise.all(probes.map((probe) => probe.result))
    expect(breaker.state).toBe('closed')
  })

  test('reopens on one failed probe, with a fresh timeout', async () => {
    const { breaker, clock } = await setUpHalfOpen()
    await succeed(breaker)
    await succeed(breaker)
    await fail(breaker)
    await clock.advance(29_999)
    expect(breaker.state).toBe('open')
    await clock.advance(1)
    expect(breaker.state).toBe('half-open')
    await succeed(breaker)
    expect(breaker.state).toBe('half-open')
  })

  test('waits longer after each failed probe, up to the cap, and forgets it once closed', async () => {
    const { breaker, clock } = setUp({
      failureThreshold: 1,
      successThreshold: 1,
      resetTimeoutMs: 1_000,
      resetTimeoutFactor: 2,
      resetTimeoutMaxMs: 3_000,
    })
    for (const waitMs of [1_000, 2_000, 3_000, 3_000]) {
      await fail(breaker)
      await clock.advance(waitMs - 1)
      expect(breaker.state).toBe('open')
      await clock.advance(1)
      expect(breaker.state).toBe('half-open')
    }
    await succeed(breaker)
    await fail(breaker)
    await clock.advance(1_000)
    expect(breaker.state).toBe('half-open')
  })

  test('takes the place of a hung probe once its lease has run out', async () => {
    const { breaker, clock } = await setUpHalfOpen({ probeLeaseMs: 5_000, successThreshold: 1 })
    const hung = hang(breaker)
    await clock.advance(5_000)
    await expect(succeed(breaker)).rejects.toMatchObject({ retryAfterMs: 0 })
    await clock.advance(1)
    const second = hang(breaker)

    hung.reject(new Error('too late to matter'))
    await expect(hung.result).rejects.toThrow('too late to matter')
    expect(breaker.state).toBe('half-open')

    second.resolve('ok')
    await second.result
    expect(breaker.state).toBe('closed')
  })

  test('lets a call through when a listener closes the circuit at the transition', async () => {
    const { breaker, clock } = setUp({
      failureThreshold: 1,
      onStateChange: (change) => {
        if (change.to === 'half-open') breaker.reset()
      },
    })
    await fail(breaker)
    await clock.advance(30_000)
    await expect(succeed(breaker)).resolves.toBe('ok')
    expect(breaker.state).toBe('closed')
  })
})

describe('calls that must not count', () => {
  test('a failure of a call that began before the circuit opened', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 2, successThreshold: 2 })
    const early = hang(breaker)
    await fail(breaker, 2)
    await clock.advance(30_000)
    await succeed(breaker)

    early.reject(new Error('late'))
    await expect(early.result).rejects.toThrow('late')
    expect(breaker.state).toBe('half-open')
  })

  test('a success of a call that began before the circuit opened', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1, successThreshold: 1 })
    const early = hang(breaker)
    await fail(breaker)
    await clock.advance(30_000)
    early.resolve('late')
    await expect(early.result).resolves.toBe('late')
    expect(breaker.state).toBe('half-open')
  })

  test('a caller who gives up, even where the work ignores the signal', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1, callTimeoutMs: 1_000 })
    const controller = new AbortController()
    const result = breaker.execute(() => new Promise(() => {}), { signal: controller.signal })
    const reason = new Error('user left')
    controller.abort(reason)
    await expect(result).rejects.toBe(reason)
    expect(breaker.state).toBe('closed')
    expect(clock.pending).toBe(0)
  })

  test('a probe whose caller gives up: its place is free again', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1 })
    await fail(breaker)
    await clock.advance(30_000)
    const controller = new AbortController()
    const probe = breaker.execute(() => new Promise(() => {}), { signal: controller.signal })
    controller.abort()
    await expect(probe).rejects.toThrow('aborted')
    expect(breaker.state).toBe('half-open')
    await expect(succeed(breaker)).resolves.toBe('ok')
  })

  test('a call whose signal was aborted before it began: the work is not called', async () => {
    const { breaker } = setUp()
    const work = vi.fn<() => void>()
    await expect(breaker.execute(work, { signal: AbortSignal.abort('no') })).rejects.toBe('no')
    expect(work).not.toHaveBeenCalled()
  })

  test('a rejection by another circuit further down', async () => {
    const inner = setUp({ failureThreshold: 1, name: 'inner' }).breaker
    const outer = setUp({ failureThreshold: 1, name: 'outer' }).breaker
    inner.forceOpen()
    await expect(outer.execute(() => succeed(inner))).rejects.toMatchObject({
      context: { circuit: 'inner' },
    })
    expect(outer.state).toBe('closed')
  })

  test('what classify ignores, while it can count a resolved value as a failure', async () => {
    const { breaker } = setUp({
      failureThreshold: 1,
      classify: (result) => {
        if (result.status === 'rejected') return 'ignored'
        return result.value === 503 ? 'failure' : 'success'
      },
    })
    await fail(breaker, 3)
    expect(breaker.state).toBe('closed')
    await expect(breaker.execute(() => 503)).resolves.toBe(503)
    expect(breaker.state).toBe('open')
  })
})

describe('call timeout', () => {
  test('rejects, counts as a failure and aborts the signal of this call alone', async () => {
    const { breaker, clock } = setUp({ failureThreshold: 1, callTimeoutMs: 1_000 })
    const signals: AbortSignal[] = []
    const first = breaker.execute(({ signal }) => {
      signals.push(signal)
      return new Promise(() => {})
    })
    await clock.advance(500)
    const second = breaker.execute(({ signal }) => {
      signals.push(signal)
      return new Promise<string>((resolve) => void clock.sleep(600).then(() => resolve('made it')))
    })
    const rejection = expect(first).rejects.toMatchObject({
      code: 'CIRCUIT_CALL_TIMEOUT',
      retry: 'reconcile-first',
      context: { circuit: 'rpc', callTimeoutMs: 1_000 },
    })
    await clock.advance(500)
    await rejection
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false])
    expect(isAssayError(signals[0]?.reason, 'CIRCUIT_CALL_TIMEOUT')).toBe(true)
    expect(breaker.state).toBe('open')

    await clock.advance(100)
    await expect(second).resolves.toBe('made it')
    expect(signals[1]?.aborted).toBe(false)
    expect(clock.pending).toBe(0)
  })

  test('counts in time for a probe whose lease is as long as its timeout', async () => {
    const { breaker, clock } = setUp({ ...processorBreaker, failureThreshold: 1 })
    await fail(breaker)
    await clock.advance(60_000)
    const probe = expect(hang(breaker).result).rejects.toThrow('took longer than 30000 ms')
    await clock.advance(30_000)
    await probe
    expect(breaker.state).toBe('open')
  })

  test('hands out an aborted signal to work that reads it too late', async () => {
    const { breaker, clock } = setUp({ callTimeoutMs: 10 })
    let read: (() => AbortSignal) | undefined
    const call = breaker.execute((context) => {
      read = () => context.signal
      return new Promise(() => {})
    })
    const rejection = expect(call).rejects.toThrow('took longer')
    await clock.advance(10)
    await rejection
    expect(read?.().aborted).toBe(true)
  })

  test('leaves no timer and no listener behind', async () => {
    const { breaker, clock } = setUp({ callTimeoutMs: 1_000 })
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    await breaker.execute(async () => 'ok', { signal })
    await expect(breaker.execute(() => Promise.reject(new Error('x')), { signal })).rejects.toThrow(
      'x',
    )
    expect(clock.pending).toBe(0)
    expect(added).toHaveBeenCalledTimes(2)
    expect(removed).toHaveBeenCalledTimes(2)
  })

  test('gives a signal that never aborts where there is neither timeout nor caller', async () => {
    const signal = await setUp().breaker.execute((call) => call.signal)
    expect(signal.aborted).toBe(false)
  })
})

describe('bystanders that throw', () => {
  const explode = (): never => {
    throw new Error('bystander')
  }
  const series = { inc: explode, dec: explode, set: explode, setFunction() {}, observe: explode }
  const metric = { labels: () => series }
  const brokenMetrics = { counter: () => metric, gauge: () => metric, histogram: () => metric }

  const asynchronousLogger = {
    ...silentLogger,
    // oxlint-disable-next-line typescript/no-misused-promises -- that it fits is the trap
    error: async () => explode(),
  }

  test.each<[string, Partial<CircuitBreakerOptions>]>([
    ['a listener', { onStateChange: explode }],
    // oxlint-disable-next-line typescript/no-misused-promises -- that it fits is the trap
    ['an asynchronous listener', { onStateChange: async () => explode() }],
    ['a metric', { metrics: brokenMetrics }],
    ['a logger', { onStateChange: explode, logger: { ...silentLogger, error: explode } }],
    ['an asynchronous logger', { onStateChange: explode, logger: asynchronousLogger }],
    ['a classifier', { classify: explode }],
    // @ts-expect-error -- a promise is no verdict, and JavaScript lets it through
    ['an asynchronous classifier', { classify: async () => 'success' }],
  ])('%s changes no outcome', async (_, options) => {
    const { breaker, clock } = setUp({ failureThreshold: 1, successThreshold: 1, ...options })
    await expect(succeed(breaker)).resolves.toBe('ok')
    await fail(breaker)
    await expect(succeed(breaker)).rejects.toThrow(CircuitOpenError)
    await clock.advance(30_000)
    await expect(succeed(breaker)).resolves.toBe('ok')
    expect(breaker.state).toBe('closed')
  })

  test('are named in the log', async () => {
    const error = vi.fn<(facts: object, message: string) => void>()
    const { breaker } = setUp({ onStateChange: explode, logger: { ...silentLogger, error } })
    breaker.forceOpen()
    expect(error).toHaveBeenCalledWith(
      { circuit: 'rpc', err: new Error('bystander') },
      'onStateChange threw.',
    )
  })
})

describe('the operator', () => {
  test('keeps a circuit open until it is reset', async () => {
    const { breaker, clock, changes } = setUp()
    breaker.forceOpen()
    await clock.advance(86_400_000)
    expect(breaker.state).toBe('open')
    await expect(succeed(breaker)).rejects.toMatchObject({ retryAfterMs: 30_000 })
    breaker.reset()
    await expect(succeed(breaker)).resolves.toBe('ok')
    expect(changes.map((change) => change.reason)).toEqual(['forced-open', 'reset'])
  })

  test('resets an open circuit with all its failures forgotten', async () => {
    const { breaker } = setUp({ failureThreshold: 2 })
    await fail(breaker, 2)
    breaker.reset()
    await fail(breaker)
    expect(breaker.state).toBe('closed')
  })
})

describe('snapshot and restore', () => {
  const restart = (from: CircuitBreaker): CircuitSnapshot =>
    JSON.parse(JSON.stringify(from.snapshot())) as CircuitSnapshot

  test('carry an open circuit over a restart, and the time in between counts', async () => {
    const before = setUp({ failureThreshold: 1 })
    await fail(before.breaker)
    const snapshot = restart(before.breaker)

    const after = setUp()
    await after.clock.advance(20_000)
    after.breaker.restore(snapshot)
    expect(after.changes.map((change) => change.reason)).toEqual(['restored'])
    await after.clock.advance(9_999)
    expect(after.breaker.state).toBe('open')
    await after.clock.advance(1)
    expect(after.breaker.state).toBe('half-open')
  })

  test('carry the count of failures', async () => {
    const before = setUp()
    await fail(before.breaker, 4)
    const after = setUp()
    after.breaker.restore(restart(before.breaker))
    await fail(after.breaker)
    expect(after.breaker.state).toBe('open')
  })

  test('carry a forced opening', async () => {
    const before = setUp()
    before.breaker.forceOpen()
    const after = setUp()
    after.breaker.restore(restart(before.breaker))
    await after.clock.advance(86_400_000)
    expect(after.breaker.state).toBe('open')
  })

  test('never wait longer than the longest reset timeout, whatever the clock was set to', async () => {
    const before = setUp({ failureThreshold: 1 })
    await fail(before.breaker)
    const snapshot = restart(before.breaker)

    const after = setUp({ resetTimeoutMaxMs: 60_000 })
    after.clock.setWallClock(0)
    after.breaker.restore(snapshot)
    await after.clock.advance(60_000)
    expect(after.breaker.state).toBe('half-open')
  })

  test.each<[string, unknown]>([
    ['nothing', null],
    ['text', 'open'],
    [
      'an unknown state',
      { state: 'ajar', failures: 0, successes: 0, openings: 0, probeAt: null, forced: false },
    ],
    [
      'a count below zero',
      { state: 'closed', failures: -1, successes: 0, openings: 0, probeAt: null, forced: false },
    ],
    [
      'a time that is none',
      { state: 'open', failures: 0, successes: 0, openings: 1, probeAt: Number.NaN, forced: false },
    ],
    [
      'a closed circuit that was forced open',
      { state: 'closed', failures: 0, successes: 0, openings: 0, probeAt: null, forced: true },
    ],
    [
      'an open circuit that will never probe',
      { state: 'open', failures: 0, successes: 0, openings: 1, probeAt: null, forced: false },
    ],
    ['a missing field', { state: 'closed', failures: 0, successes: 0, openings: 0, probeAt: null }],
  ])('refuse %s and keep the state', async (_, snapshot) => {
    const { breaker } = setUp({ failureThreshold: 2 })
    await fail(breaker)
    expect(() => breaker.restore(snapshot as CircuitSnapshot)).toThrow(
      expect.objectContaining({ code: 'CIRCUIT_SNAPSHOT_INVALID' }),
    )
    await fail(breaker)
    expect(breaker.state).toBe('open')
  })
})

describe('options', () => {
  test.each<[string, Partial<CircuitBreakerOptions>]>([
    ['name', { name: '' }],
    ['failureThreshold', { failureThreshold: 0 }],
    ['failureThreshold', { failureThreshold: 2.5 }],
    ['successThreshold', { successThreshold: Number.NaN }],
    ['halfOpenMaxCalls', { halfOpenMaxCalls: -1 }],
    ['resetTimeoutMs', { resetTimeoutMs: Number.POSITIVE_INFINITY }],
    ['callTimeoutMs', { callTimeoutMs: 0 }],
    ['probeLeaseMs', { probeLeaseMs: -5 }],
    ['resetTimeoutMaxMs', { resetTimeoutMs: 10, resetTimeoutMaxMs: 5 }],
    ['resetTimeoutFactor', { resetTimeoutFactor: 0.5 }],
  ])('refuse a bad %s by name', (option, options) => {
    expect(() => setUp(options)).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        context: expect.objectContaining({ option }),
      }),
    )
  })

  test('come in two presets with the values of their sources', () => {
    expect(rpcBreaker).toEqual({ failureThreshold: 5, resetTimeoutMs: 30_000, successThreshold: 3 })
    expect(processorBreaker).toEqual({
      failureThreshold: 5,
      resetTimeoutMs: 60_000,
      halfOpenMaxCalls: 2,
      callTimeoutMs: 30_000,
    })
  })
})
