import { AbortError } from 'p-retry'
import { afterEach, describe, expect, it, vi } from 'vitest'

import { CircuitOpenError } from '../circuit-breaker/circuit-open-error.ts'
import { AssayError } from '../errors/assay-error.ts'
import { createMetrics } from '../metrics/create-metrics.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { noMetrics } from '../metrics/no-metrics.ts'
import { systemClock } from '../runtime/clock.ts'
import { createSeededRandom } from '../testing/seeded-random.ts'
import { createTestClock, type TestClock } from '../testing/test-clock.ts'
import { RetryDeadlineError } from './retry-deadline-error.ts'
import { RETRY_ATTEMPTS_TOTAL } from './retry-metrics.ts'
import { type FailedAttempt, isSafeToRetry, retry, type RetryOptions } from './retry.ts'

const busy = (context: Record<string, number> = {}): AssayError =>
  new AssayError('NODE_BUSY', { message: 'The node is busy.', retry: 'safe', context })

interface EndedRun {
  readonly value?: unknown
  readonly error?: unknown
  /** When each attempt began. */
  readonly startedAt: readonly number[]
  readonly clock: TestClock
}

/** Runs a retry to its end, moving the clock from wait to wait. */
async function runToEnd(
  work: (attempt: number) => unknown,
  options: RetryOptions = {},
  clock: TestClock = createTestClock(),
): Promise<EndedRun> {
  const startedAt: number[] = []
  const outcome: { settled?: { value: unknown } | { error: unknown } } = {}
  void retry(
    ({ attempt }) => {
      startedAt.push(clock.monotonic())
      return work(attempt)
    },
    { clock, random: () => 1, ...options },
  ).then(
    (value) => (outcome.settled = { value }),
    (error: unknown) => (outcome.settled = { error }),
  )
  do {
    await clock.advance(0)
  } while (outcome.settled === undefined && (await clock.advanceToNext()))
  return { ...outcome.settled, startedAt, clock }
}

const failing = (error: unknown) => (): never => {
  throw error
}

/** Counts by `operation/outcome`. */
function countingMetrics(): { metrics: Metrics; counts: Record<string, number> } {
  const counts: Record<string, number> = {}
  const metrics: Metrics = {
    ...noMetrics,
    counter: ({ name }) => ({
      labels: (labels) => ({
        inc: () => {
          const key = [name, ...Object.values<string>(labels)].join('/')
          counts[key] = (counts[key] ?? 0) + 1
        },
      }),
    }),
  }
  return { metrics, counts }
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('attempts', () => {
  it('returns what the first successful attempt returned', async () => {
    const { value, startedAt } = await runToEnd((attempt) => {
      if (attempt < 3) throw busy()
      return `attempt ${attempt}`
    })
    expect(value).toBe('attempt 3')
    expect(startedAt).toHaveLength(3)
  })

  it('takes work that is not asynchronous, and a result that is undefined', async () => {
    await expect(retry(() => undefined)).resolves.toBeUndefined()
  })

  it('throws what the last attempt threw, unchanged, after 5 attempts by default', async () => {
    const errors = Array.from({ length: 6 }, () => busy())
    const { error, startedAt } = await runToEnd((attempt) => {
      throw errors[attempt - 1]
    })
    expect(error).toBe(errors[4])
    expect(startedAt).toHaveLength(5)
  })

  it('makes one attempt where one is allowed', async () => {
    const { startedAt, clock } = await runToEnd(failing(busy()), { attemptsMax: 1 })
    expect(startedAt).toEqual([0])
    expect(clock.pending).toBe(0)
  })

  it('leaves the last error as it is when it is no error', async () => {
    for (const thrown of [undefined, null, 'a string', 0, Symbol('odd'), Object.create(null)]) {
      const { error, startedAt } = await runToEnd(failing(thrown), {
        attemptsMax: 2,
        isRetryable: () => true,
      })
      expect(error).toBe(thrown)
      expect(startedAt).toHaveLength(2)
    }
  })

  it('judges no error by its class: a TypeError or an AbortError is what isRetryable says', async () => {
    for (const thrown of [new TypeError('a bug'), new AbortError('stop')]) {
      const { error, startedAt } = await runToEnd(failing(thrown), {
        attemptsMax: 3,
        isRetryable: () => true,
      })
      expect(error).toBe(thrown)
      expect(startedAt).toHaveLength(3)
    }
  })

  it('runs on the system clock by default', async () => {
    const work = vi.fn<() => string>().mockReturnValue('done')
    work.mockImplementationOnce(failing(busy()))
    await expect(retry(work, { delayMs: 1 })).resolves.toBe('done')
  })
})

describe('what is retried', () => {
  it('is only an AssayError that says so', async () => {
    const attemptsAfter = async (error: unknown): Promise<number> =>
      (await runToEnd(failing(error))).startedAt.length

    expect(await attemptsAfter(busy())).toBe(5)
    for (const advice of ['never', 'reconcile-first'] as const) {
      const error = new AssayError('TRANSFER_UNKNOWN', { message: 'Unknown.', retry: advice })
      expect(await attemptsAfter(error)).toBe(1)
    }
    expect(await attemptsAfter(new Error('foreign'))).toBe(1)
    expect(await attemptsAfter(new TypeError('fetch failed'))).toBe(1)
    expect(await attemptsAfter({ retry: 'safe' })).toBe(1)
    expect(await attemptsAfter(null)).toBe(1)
  })

  it('is what isRetryable says, which can build on the default', async () => {
    const isRetryable = (error: unknown): boolean => isSafeToRetry(error) || error === 'network'
    const thrown = ['network', busy(), 'bug']
    const { error, startedAt } = await runToEnd(
      (attempt) => {
        throw thrown[attempt - 1]
      },
      { isRetryable },
    )
    expect(error).toBe('bug')
    expect(startedAt).toHaveLength(3)
  })

  it('is nothing when isRetryable throws or answers with a promise', async () => {
    const original = busy()
    const unusable: unknown[] = [failing(new Error('broken')), () => Promise.resolve(true)]
    for (const isRetryable of unusable) {
      const { error, startedAt } = await runToEnd(failing(original), {
        isRetryable: isRetryable as () => boolean,
      })
      expect(error).toBe(original)
      expect(startedAt).toHaveLength(1)
    }
  })
})

describe('waits', () => {
  it('double from delayMs to delayMaxMs at the most', async () => {
    const { startedAt } = await runToEnd(failing(busy()), {
      attemptsMax: 6,
      delayMs: 100,
      delayMaxMs: 500,
    })
    expect(startedAt).toEqual([0, 100, 300, 700, 1_200, 1_700])
  })

  it('have full jitter, drawn once each from the given random', async () => {
    const draws = [0, 0.5, 0.25]
    const random = vi.fn<() => number>(() => draws.shift() ?? Number.NaN)
    const { startedAt } = await runToEnd(failing(busy()), { attemptsMax: 4, delayMs: 100, random })
    expect(startedAt).toEqual([0, 0, 100, 200])
    expect(random).toHaveBeenCalledTimes(3)
  })

  it('repeat exactly with the same seed', async () => {
    const run = async (seed: number): Promise<readonly number[]> =>
      (await runToEnd(failing(busy()), { random: createSeededRandom(seed) })).startedAt
    const first = await run(7)
    expect(await run(7)).toEqual(first)
    expect(await run(8)).not.toEqual(first)

    const random = createSeededRandom(7)
    let at = 0
    const expected = [200, 400, 800, 1_600].map((boundMs) => (at += random() * boundMs))
    expect(first).toEqual([0, ...expected])
  })

  it('come from neither real timers nor Math.random', async () => {
    const timeout = vi.spyOn(globalThis, 'setTimeout')
    const chance = vi.spyOn(Math, 'random')
    await runToEnd(failing(busy()))
    expect(timeout).not.toHaveBeenCalled()
    expect(chance).not.toHaveBeenCalled()
  })

  it('stay numbers after thousands of attempts without delay', async () => {
    const { startedAt } = await runToEnd(failing(busy()), { attemptsMax: 1_200, delayMs: 0 })
    expect(startedAt).toHaveLength(1_200)
    expect(startedAt.at(-1)).toBe(0)
  })

  it('let other work run even when they are 0', async () => {
    const controller = new AbortController()
    setImmediate(() => controller.abort('enough'))
    const endless = retry(failing(busy()), {
      attemptsMax: Number.MAX_SAFE_INTEGER,
      delayMs: 0,
      signal: controller.signal,
    })
    await expect(endless).rejects.toBe('enough')
  })
})

describe('what the dependency asks for', () => {
  it('comes before the back-off, wherever the error carries it', async () => {
    const carriers = [
      busy({ retryAfterMs: 5_000 }),
      Object.assign(busy(), { retryAfterMs: 5_000 }),
      new CircuitOpenError('node', 5_000),
    ]
    for (const error of carriers) {
      const { startedAt } = await runToEnd(failing(error), { attemptsMax: 3, delayMs: 100 })
      expect(startedAt).toEqual([0, 5_100, 10_300])
    }
  })

  it('is read from foreign errors that may be retried', async () => {
    const error = Object.assign(new Error('429'), { retryAfterMs: 1_000 })
    const options = { attemptsMax: 2, random: () => 0, isRetryable: () => true }
    expect((await runToEnd(failing(error), options)).startedAt).toEqual([0, 1_000])
  })

  it('ends the run when it is longer than retryAfterMaxMs', async () => {
    for (const [askedMs, attempts] of [
      [300_000, 2],
      [300_001, 1],
      [Infinity, 1],
    ] as const) {
      const original = busy({ retryAfterMs: askedMs })
      const { error, startedAt } = await runToEnd(failing(original), {
        attemptsMax: 2,
        deadlineMs: Infinity,
      })
      expect(error).toBe(original)
      expect(startedAt).toHaveLength(attempts)
    }
  })

  it('is ignored where it is no duration', async () => {
    const unreadable = Object.defineProperty(new Error('hostile'), 'retryAfterMs', {
      get: failing(new Error('unreadable')),
    })
    const asked: unknown[] = [-1, Number.NaN, '5000', null, {}, 5_000n]
    const thrown = [...asked.map((retryAfterMs) => ({ retryAfterMs })), unreadable, null]
    for (const error of thrown) {
      const options = { attemptsMax: 2, delayMs: 100, isRetryable: () => true }
      expect((await runToEnd(failing(error), options)).startedAt).toEqual([0, 100])
    }
  })
})

describe('the deadline', () => {
  it('begins no wait that would not end before it, and throws the last error as it is', async () => {
    const original = busy()
    for (const [deadlineMs, attempts] of [
      [100, 1],
      [101, 2],
      [300, 2],
      [301, 3],
    ] as const) {
      const clock = createTestClock()
      const run = runToEnd(failing(original), { attemptsMax: 3, delayMs: 100, deadlineMs }, clock)
      const { error, startedAt } = await run
      expect(error).toBe(original)
      expect(startedAt).toHaveLength(attempts)
      expect(clock.monotonic()).toBe(startedAt.at(-1))
    }
  })

  it('is not stretched by what the dependency asks for', async () => {
    const original = busy({ retryAfterMs: 60_000 })
    const { error, startedAt } = await runToEnd(failing(original))
    expect(error).toBe(original)
    expect(startedAt).toHaveLength(1)
  })

  it('aborts a running attempt, even one that ignores its signal', async () => {
    const clock = createTestClock()
    let given: AbortSignal | undefined
    const outcome = retry(
      ({ signal }) => {
        given = signal
        return new Promise<never>(() => {})
      },
      { operation: 'read-height', deadlineMs: 1_000, clock },
    ).catch((error: unknown) => error)
    await clock.advance(999)
    expect(given?.aborted).toBe(false)
    await clock.advance(1)
    const error = await outcome
    expect(error).toBeInstanceOf(RetryDeadlineError)
    expect(error).toMatchObject({
      code: 'RETRY_DEADLINE_EXCEEDED',
      retry: 'reconcile-first',
      message: 'The operation "read-height" did not succeed within 1000 ms.',
      context: { operation: 'read-height', attempts: 1, deadlineMs: 1_000 },
    })
    expect(error).not.toHaveProperty('cause')
    expect(given?.reason).toBe(error)
    expect(clock.pending).toBe(0)
  })

  it('names the error of the attempt before as the cause', async () => {
    const original = busy()
    const { error } = await runToEnd((attempt) => {
      if (attempt === 1) throw original
      return new Promise(() => {})
    })
    expect(error).toMatchObject({ context: { attempts: 2 }, cause: original })
  })

  it('wins over what the aborted attempt throws about it', async () => {
    const clock = createTestClock()
    const outcome = retry(
      async ({ signal }) => {
        await clock.sleep(5_000, { signal }).catch(failing(busy()))
      },
      { deadlineMs: 1_000, clock },
    ).catch((error: unknown) => error)
    await clock.advance(1_000)
    expect(await outcome).toBeInstanceOf(RetryDeadlineError)
    expect(clock.pending).toBe(0)
  })

  it('is a minute by default, and none when it is Infinity', async () => {
    const clock = createTestClock()
    const never = (): Promise<never> => new Promise(() => {})
    const bounded = retry(never, { clock }).catch((error: unknown) => error)
    void retry(never, { clock, deadlineMs: Infinity })
    expect(clock.pending).toBe(1)
    await clock.advance(60_000)
    expect(await bounded).toBeInstanceOf(RetryDeadlineError)
  })

  it('lets no attempt begin after a host overslept, and throws what the last one threw', async () => {
    const clock = createTestClock()
    const thrown = busy()
    const work = vi.fn<() => void>(failing(thrown))
    const outcome = retry(work, {
      deadlineMs: 1_000,
      // A host that was suspended runs its timers late, and finds that much time has passed.
      clock: {
        ...clock,
        monotonic: () => (work.mock.calls.length === 0 ? 0 : clock.monotonic() * 10),
      },
      random: () => 1,
    }).catch((error: unknown) => error)
    await clock.advance(200)
    expect(await outcome).toBe(thrown)
    expect(work).toHaveBeenCalledOnce()
    expect(clock.pending).toBe(0)
  })

  it('counts from the start, whichever attempt it ends', async () => {
    const hanging = (attempt: number): unknown =>
      attempt === 1 ? failing(busy())() : new Promise(() => {})
    const { error, clock } = await runToEnd(hanging, { deadlineMs: 1_000 })
    expect(error).toMatchObject({ code: 'RETRY_DEADLINE_EXCEEDED', context: { attempts: 2 } })
    expect(clock.monotonic()).toBe(1_000)
  })

  it('does not move when the host corrects its wall clock', async () => {
    const clock = createTestClock({ now: 1_000_000 })
    const { startedAt } = await runToEnd(
      () => {
        clock.setWallClock(clock.now() + 3_600_000)
        throw busy()
      },
      {},
      clock,
    )
    expect(startedAt).toHaveLength(5)
  })
})

describe('the signal of the caller', () => {
  it('prevents the first attempt when it has aborted', async () => {
    const work = vi.fn<() => void>()
    await expect(retry(work, { signal: AbortSignal.abort('too late') })).rejects.toBe('too late')
    expect(work).not.toHaveBeenCalled()
  })

  it('ends a wait at once, with its reason', async () => {
    const clock = createTestClock()
    const controller = new AbortController()
    const work = vi.fn<() => never>(failing(busy()))
    const outcome = retry(work, { clock, signal: controller.signal, random: () => 1 }).catch(
      (error: unknown) => error,
    )
    await clock.advance(199)
    expect(clock.pending).toBe(1)
    controller.abort('shutting down')
    expect(await outcome).toBe('shutting down')
    expect(clock.pending).toBe(0)
    expect(work).toHaveBeenCalledTimes(1)
  })

  it('ends an attempt at once, even one that ignores it and fails later', async () => {
    const clock = createTestClock()
    const controller = new AbortController()
    const outcome = retry(() => clock.sleep(1_000).then(failing(busy())), {
      clock,
      signal: controller.signal,
    }).catch((error: unknown) => error)
    await clock.advance(1)
    controller.abort('shutting down')
    expect(await outcome).toBe('shutting down')
    await clock.advance(1_000)
    expect(clock.pending).toBe(0)
  })

  it('hands on any reason unchanged', async () => {
    const reasons = [null, 0, new AbortError(new Error('inner')), new TypeError('stop'), busy()]
    for (const reason of reasons) {
      const controller = new AbortController()
      let given: AbortSignal | undefined
      const outcome = retry(
        ({ signal }) => {
          given = signal
          controller.abort(reason)
          throw busy()
        },
        { signal: controller.signal },
      )
      await expect(outcome).rejects.toBe(reason)
      expect(given?.reason).toBe(reason)
    }
  })

  it('ends the run when a listener aborts it', async () => {
    const clock = createTestClock()
    const controller = new AbortController()
    const outcome = retry(failing(busy()), {
      clock,
      signal: controller.signal,
      onFailedAttempt: () => controller.abort('enough'),
    })
    await expect(outcome).rejects.toBe('enough')
    expect(clock.pending).toBe(0)
  })

  it('keeps no listener once a run has ended, however it ended', async () => {
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    await runToEnd(() => 'done', { signal })
    await runToEnd(failing(busy()), { signal })
    await runToEnd(failing(new Error('foreign')), { signal })
    await runToEnd(() => new Promise(() => {}), { signal })
    expect(added).toHaveBeenCalledTimes(4)
    expect(removed.mock.calls.map(([type, listener]) => [type, listener])).toEqual(
      added.mock.calls.map(([type, listener]) => [type, listener]),
    )
  })
})

describe('who is told', () => {
  it('is the listener, of each failed attempt and what follows', async () => {
    const told: FailedAttempt[] = []
    const foreign = new Error('foreign')
    const first = busy()
    await runToEnd(
      (attempt) => {
        throw attempt === 1 ? first : foreign
      },
      { operation: 'read-height', onFailedAttempt: (failed) => told.push(failed) },
    )
    expect(told).toEqual([
      {
        operation: 'read-height',
        attempt: 1,
        error: first,
        next: { kind: 'retry', waitMs: 200 },
      },
      {
        operation: 'read-height',
        attempt: 2,
        error: foreign,
        next: { kind: 'stop', reason: 'not-retryable' },
      },
    ])
    expect(told[1]?.error).toBe(foreign)
  })

  it('is the counter, of every attempt by its outcome', async () => {
    const { metrics, counts } = countingMetrics()
    const operation = 'read-height'
    const run = (work: (attempt: number) => unknown, options: RetryOptions = {}) =>
      runToEnd(work, { operation, metrics, attemptsMax: 3, ...options })
    const controller = new AbortController()

    await run((attempt) => (attempt === 1 ? failing(busy())() : 'done'))
    await run(failing(busy()))
    await run(failing(new Error('foreign')))
    await run(failing(busy()), { deadlineMs: 200 })
    await run(failing(busy({ retryAfterMs: 2 })), { retryAfterMaxMs: 1 })
    await run(() => new Promise(() => {}), { deadlineMs: 200 })
    await run(
      () => {
        controller.abort()
        return new Promise(() => {})
      },
      { signal: controller.signal },
    )
    await runToEnd(() => 'done', { metrics })

    const counted = (outcome: string): number | undefined =>
      counts[`${RETRY_ATTEMPTS_TOTAL}/read-height/${outcome}`]
    expect(RETRY_ATTEMPTS_TOTAL).toBe('retry_attempts_total')
    expect(counted('success')).toBe(1)
    expect(counted('retry')).toBe(3)
    expect(counted('attempts-exhausted')).toBe(1)
    expect(counted('not-retryable')).toBe(1)
    expect(counted('deadline')).toBe(1)
    expect(counted('retry-after-too-long')).toBe(1)
    expect(counted('timeout')).toBe(1)
    expect(counted('aborted')).toBe(1)
    expect(counts[`${RETRY_ATTEMPTS_TOTAL}/unnamed/success`]).toBe(1)
    expect(Object.keys(counts)).toHaveLength(9)
  })

  it('is looked up once a run, and one whose name is taken is a bug before the first attempt', async () => {
    const { metrics } = countingMetrics()
    const counter = vi.spyOn(metrics, 'counter')
    await runToEnd(failing(busy()), { metrics })
    expect(counter).toHaveBeenCalledOnce()

    const taken = createMetrics()
    taken.gauge({ name: RETRY_ATTEMPTS_TOTAL, help: 'Something else.' })
    const { error, startedAt } = await runToEnd(() => 'done', { metrics: taken })
    expect(error).toMatchObject({ code: 'METRIC_CONFLICT' })
    expect(startedAt).toEqual([])
  })

  it('cannot change the outcome by failing, at once or later', async () => {
    const broken = failing(new Error('broken'))
    const brokenMetrics: Partial<Metrics>[] = [
      { counter: () => ({ labels: broken }) },
      { counter: () => ({ labels: () => ({ inc: broken }) }) },
    ]
    const listeners = [broken, () => Promise.reject(new Error('broken later'))]
    for (const metrics of brokenMetrics) {
      for (const onFailedAttempt of listeners) {
        const options = { metrics: { ...noMetrics, ...metrics }, onFailedAttempt }
        const succeeded = await runToEnd((attempt) => {
          if (attempt === 1) throw busy()
          return 'done'
        }, options)
        expect(succeeded.value).toBe('done')

        const original = busy()
        const failed = await runToEnd(failing(original), options)
        expect(failed.error).toBe(original)
        expect(failed.startedAt).toHaveLength(5)
      }
    }
  })
})

describe('options', () => {
  it.each([
    [{ attemptsMax: 0 }, 'attemptsMax'],
    [{ attemptsMax: 1.5 }, 'attemptsMax'],
    [{ attemptsMax: Infinity }, 'attemptsMax'],
    [{ delayMs: -1 }, 'delayMs'],
    [{ delayMs: Number.NaN }, 'delayMs'],
    [{ delayMaxMs: Infinity }, 'delayMaxMs'],
    [{ retryAfterMaxMs: Infinity }, 'retryAfterMaxMs'],
    [{ deadlineMs: -1 }, 'deadlineMs'],
    [{ deadlineMs: Number.NaN }, 'deadlineMs'],
  ])('refuses %o before the first attempt', async (options, option) => {
    const work = vi.fn<() => void>()
    await expect(retry(work, options)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      context: { factory: 'retry', option },
    })
    expect(work).not.toHaveBeenCalled()
  })

  it('given as undefined mean their defaults', async () => {
    const options = { attemptsMax: undefined, deadlineMs: undefined, clock: undefined }
    await expect(retry(() => systemClock.now() > 0, options)).resolves.toBe(true)
  })
})
