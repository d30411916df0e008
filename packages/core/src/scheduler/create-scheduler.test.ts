import assert from 'node:assert/strict'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createCircuitBreaker } from '../circuit-breaker/create-circuit-breaker.ts'
import { isAssayError } from '../errors/assay-error.ts'
import { silentLogger } from '../logger/logger.ts'
import { createMetrics } from '../metrics/create-metrics.ts'
import { createSeededRandom } from '../testing/seeded-random.ts'
import { createTestClock, type TestClock } from '../testing/test-clock.ts'
import { createScheduler } from './create-scheduler.ts'
import type { SchedulerOptions } from './parse-scheduler-options.ts'
import type { JobRun, ScheduledJob } from './scheduled-job.ts'
import type { JobFailure, Scheduler } from './scheduler.ts'

const T0 = 1_777_627_800_000

let clock: TestClock
let scheduler: Scheduler | undefined
const failures: JobFailure[] = []

beforeEach(() => {
  clock = createTestClock({ now: T0 })
  failures.length = 0
})
afterEach(async () => {
  await clock.advance(0)
  void scheduler?.close({ signal: AbortSignal.abort() })
  await clock.advance(60_000)
  // Whatever a test did, nothing of it waits any more.
  assert.equal(clock.pending, 0)
  assert.equal(scheduler?.status().state ?? 'closed', 'closed')
  scheduler = undefined
})

function make(
  job: Partial<ScheduledJob> | readonly Partial<ScheduledJob>[],
  options: Partial<SchedulerOptions> = {},
): Scheduler {
  const jobs = [job]
    .flat()
    .map((each) => Object.assign({ name: 'job', intervalMs: 1_000, run() {} }, each))
  const onError = (failure: JobFailure): void => void failures.push(failure)
  scheduler = createScheduler({ clock, onError, ...options, jobs })
  return scheduler
}

function start(...args: Parameters<typeof make>): Scheduler {
  const made = make(...args)
  made.start()
  return made
}

/** A job that notes when it ran, in milliseconds since the clock's first moment. */
function noting(): { run: () => void; at: number[] } {
  const at: number[] = []
  return { run: () => void at.push(clock.monotonic()), at }
}

/** A job whose runs end when they are told to. */
function holding() {
  const runs: PromiseWithResolvers<void>[] = []
  const signals: AbortSignal[] = []
  const run = ({ signal }: JobRun): Promise<void> => {
    const end = Promise.withResolvers<void>()
    runs.push(end)
    signals.push(signal)
    return end.promise
  }
  return { run, runs, signals }
}

describe('the plan', () => {
  test('is the offset after the start, and then each interval', async () => {
    await clock.advance(300)
    const { run, at } = noting()
    start({ run, offsetMs: 200 })
    await clock.advance(2_700)
    expect(at).toEqual([500, 1_500, 2_500])
  })

  test('begins at once without an offset', async () => {
    const { run, at } = noting()
    start({ run })
    await clock.advance(0)
    expect(at).toEqual([0])
  })

  test('does not begin before the start', async () => {
    const { run, at } = noting()
    make({ run })
    await clock.advance(5_000)
    expect(at).toEqual([])
  })

  test('is the same after a second start', async () => {
    const { run, at } = noting()
    const started = start({ run })
    await clock.advance(500)
    started.start()
    await clock.advance(1_500)
    expect(at).toEqual([0, 1_000, 2_000])
  })

  test('staggers jobs by their offsets', async () => {
    const order: string[] = []
    const job = (name: string, offsetMs: number) => ({
      name,
      offsetMs,
      run: () => void order.push(`${name} ${clock.monotonic()}`),
    })
    start([job('a', 0), job('b', 250), job('c', 500)])
    await clock.advance(1_000)
    expect(order).toEqual(['a 0', 'b 250', 'c 500', 'a 1000'])
  })

  test('is not moved by how long runs take', async () => {
    const at: number[] = []
    const run = async (): Promise<void> => {
      at.push(clock.monotonic())
      await clock.sleep(700)
    }
    start({ run })
    await clock.advance(3_000)
    expect(at).toEqual([0, 1_000, 2_000, 3_000])
    await clock.advance(700)
  })

  test('is not moved by timers that fire late, nor by ones that fire a little early', async () => {
    const lateness = [3, 0, 40, -0.6, 7]
    let timers = 0
    const unsteady = {
      ...clock,
      setTimer: (callback: () => void, ms: number) =>
        // The time limits of runs are no part of this.
        clock.setTimer(callback, ms === 30_000 ? ms : ms + (lateness[timers++ % 5] ?? 0)),
    }
    const { run, at } = noting()
    start({ run }, { clock: unsteady })
    await clock.advance(5_000)
    expect(at).toEqual([3, 1_000, 2_040, 2_999.4, 4_007])
    await clock.advance(10)
    expect(at.at(-1)).toBe(5_003)
  })

  test('does not follow a wall clock that is set', async () => {
    const { run, at } = noting()
    start({ run })
    await clock.advance(500)
    clock.setWallClock(T0 - 3_600_000)
    await clock.advance(500)
    clock.setWallClock(T0 + 3_600_000)
    await clock.advance(1_000)
    expect(at).toEqual([0, 1_000, 2_000])
  })

  test('makes up for all runs that were missed by one, and goes on as planned', async () => {
    const metrics = createMetrics()
    const { run, at } = noting()
    let stoodStillMs = 0
    const standing = { ...clock, monotonic: () => clock.monotonic() + stoodStillMs }
    start({ run, intervalMs: 1_000 }, { clock: standing, metrics })
    await clock.advance(1_000)
    // Nothing ran in the process from 1,000 to 5,300: its timer fires then, and not at 2,000.
    stoodStillMs = 3_300
    await clock.advance(1_000)
    expect(at).toEqual([0, 1_000, 2_000])
    expect(valueOf(metrics, 'scheduler_skips_total', { reason: 'missed' })).toBe(3)
    // By the job's clock it is 5,300, so that the plan's next moment is 700 away.
    await clock.advance(699)
    expect(at).toHaveLength(3)
    await clock.advance(1)
    expect(at).toHaveLength(4)
  })
})

describe('jitter', () => {
  test('delays each run by a draw, and leaves the plan as it is', async () => {
    const { run, at } = noting()
    const draws = [0.5, 0, 0.99, 0.25]
    start({ run, jitterMs: 400 }, { random: () => draws.shift() ?? 0 })
    await clock.advance(3_999)
    expect(at).toEqual([200, 1_000, 2_396, 3_100])
  })

  test('stays within its bound, over many runs', async () => {
    const { run, at } = noting()
    start({ run, jitterMs: 999 }, { random: createSeededRandom(7) })
    await clock.advance(200_000)
    const delays = at.map((moment, n) => moment - n * 1_000)
    expect(at.length).toBeGreaterThanOrEqual(200)
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...delays)).toBeLessThan(999)
    expect(new Set(delays).size).toBeGreaterThan(190)
  })
})

describe('a run that is due while the last one has not settled', () => {
  test('is skipped and counted', async () => {
    const metrics = createMetrics()
    const { run, runs } = holding()
    start({ run }, { metrics })
    await clock.advance(2_500)
    expect(runs).toHaveLength(1)
    expect(valueOf(metrics, 'scheduler_skips_total', { reason: 'overlap' })).toBe(2)
    expect(valueOf(metrics, 'scheduler_running')).toBe(1)

    runs[0]?.resolve()
    await clock.advance(0)
    expect(valueOf(metrics, 'scheduler_running')).toBe(0)
    await clock.advance(500)
    expect(runs).toHaveLength(2)
  })

  test('is skipped also when that one ran into its timeout and hangs', async () => {
    const metrics = createMetrics()
    const { run, runs, signals } = holding()
    const started = start({ run, timeoutMs: 600 }, { metrics })
    await clock.advance(5_000)
    expect(signals[0]?.aborted).toBe(true)
    expect(runs).toHaveLength(1)
    expect(valueOf(metrics, 'scheduler_runs_total', { outcome: 'timeout' })).toBe(1)
    expect(valueOf(metrics, 'scheduler_skips_total', { reason: 'overlap' })).toBe(5)
    expect(started.status().jobs[0]).toMatchObject({ runningSince: T0, lastOutcome: 'timeout' })

    runs[0]?.reject(new Error('at last'))
    await clock.advance(1_000)
    expect(runs).toHaveLength(2)
    expect(failures).toHaveLength(1)
  })

  test('does not keep other jobs from running', async () => {
    const { run, at } = noting()
    start([{ name: 'stuck', run: holding().run }, { run }])
    await clock.advance(3_000)
    expect(at).toEqual([0, 1_000, 2_000, 3_000])
  })
})

describe('a timeout', () => {
  test('aborts the signal with its error, and is told once', async () => {
    const run = ({ signal }: JobRun): Promise<void> => clock.sleep(5_000, { signal })
    const started = start({ run, timeoutMs: 400 })
    await clock.advance(399)
    expect(failures).toEqual([])
    await clock.advance(1)
    expect(failures).toMatchObject([{ job: 'job', reason: 'timeout' }])
    expect(isAssayError(failures[0]?.error, 'JOB_TIMEOUT')).toBe(true)
    expect(failures[0]?.error).toMatchObject({ context: { job: 'job', timeoutMs: 400 } })
    // It heeded its signal, so that the next run is not in its way.
    expect(started.status().jobs[0]).toMatchObject({ runningSince: null, lastDurationMs: 400 })
    await clock.advance(1_000)
    expect(failures).toHaveLength(2)
  })

  test('is 30 seconds by default', async () => {
    const { run, signals } = holding()
    start({ run })
    await clock.advance(29_999)
    expect(signals[0]?.aborted).toBe(false)
    await clock.advance(1)
    expect(signals[0]?.aborted).toBe(true)
  })

  test('of one run aborts no other', async () => {
    const { run, signals, runs } = holding()
    start({ run, timeoutMs: 400 })
    await clock.advance(400)
    runs[0]?.resolve()
    await clock.advance(600)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  })

  test('is no success, even if the job resolves after it', async () => {
    const { run, runs } = holding()
    const started = start({ run, timeoutMs: 400 })
    await clock.advance(400)
    runs[0]?.resolve()
    await clock.advance(0)
    expect(started.status().jobs[0]).toMatchObject({ lastOutcome: 'timeout', lastSuccessAt: null })
  })
})

describe('a job that fails', () => {
  const broken = new Error('no route to host')

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw broken
      },
    ],
    ['rejects', () => Promise.reject(broken)],
  ])('and %s is counted, logged and told, and runs again', async (_, run) => {
    const metrics = createMetrics()
    const error = vi.fn<(facts: object, message: string) => void>()
    const started = start({ run }, { metrics, logger: { ...silentLogger, error } })
    await clock.advance(2_000)
    const failure = { job: 'job', reason: 'failure', error: broken }
    expect(failures).toEqual([failure, failure, failure])
    expect(valueOf(metrics, 'scheduler_runs_total', { outcome: 'failure' })).toBe(3)
    expect(error).toHaveBeenCalledWith(
      { job: 'job', reason: 'failure', err: broken },
      'A job failed.',
    )
    expect(started.status().jobs[0]).toMatchObject({
      lastOutcome: 'failure',
      consecutiveFailures: 3,
    })
  })

  test('stops no other', async () => {
    const { run, at } = noting()
    start([{ name: 'broken', run: () => Promise.reject(broken) }, { run }])
    await clock.advance(2_000)
    expect(at).toEqual([0, 1_000, 2_000])
  })

  test('stops nothing when the listener, the logger and the metrics break as well', async () => {
    const fail = (): never => {
      throw new Error('a bystander broke')
    }
    const series = { inc: fail, dec: fail, set: fail, setFunction: fail, observe: fail }
    const { run, at } = noting()
    const failing = (): void => {
      run()
      throw broken
    }
    const metric = { labels: () => series }
    start(
      { run: failing },
      {
        onError: () => Promise.reject(new Error('a bystander rejects')),
        logger: { debug: fail, info: fail, warn: fail, error: fail },
        metrics: { counter: () => metric, gauge: () => metric, histogram: () => metric },
      },
    )
    await clock.advance(2_000)
    expect(at).toEqual([0, 1_000, 2_000])
  })

  test('begins to count its failures anew after a success', async () => {
    const outcomes = [false, false, true, false]
    const run = (): void => {
      if (outcomes.shift() === false) throw broken
    }
    const started = start({ run })
    await clock.advance(1_000)
    expect(started.status().jobs[0]?.consecutiveFailures).toBe(2)
    await clock.advance(1_000)
    expect(started.status().jobs[0]).toMatchObject({
      consecutiveFailures: 0,
      lastSuccessAt: T0 + 2_000,
    })
    await clock.advance(1_000)
    expect(started.status().jobs[0]).toMatchObject({
      consecutiveFailures: 1,
      lastSuccessAt: T0 + 2_000,
    })
  })
})

describe('a breaker', () => {
  const breakerOf = (failureThreshold: number) =>
    createCircuitBreaker({ name: 'node', failureThreshold, resetTimeoutMs: 2_500, clock })

  test('that is open skips runs, which is no failure, and lets them pass once it admits probes', async () => {
    const metrics = createMetrics()
    const at: number[] = []
    const run = (): void => {
      at.push(clock.monotonic())
      if (clock.monotonic() < 2_000) throw new Error('down')
    }
    const started = start({ run, breaker: breakerOf(2) }, { metrics })
    await clock.advance(3_000)
    expect(at).toEqual([0, 1_000])
    expect(valueOf(metrics, 'scheduler_skips_total', { reason: 'circuit-open' })).toBe(2)
    expect(failures).toHaveLength(2)
    expect(started.status().jobs[0]).toMatchObject({
      lastStartedAt: T0 + 1_000,
      runningSince: null,
    })
    await clock.advance(1_000)
    expect(at).toEqual([0, 1_000, 4_000])
    expect(started.status().jobs[0]?.lastOutcome).toBe('success')
  })

  test.each([
    ['of its own', 'warn circuit-open'],
    ['further down', 'error failure'],
  ])('%s that is open is logged once each time that it opens', async (place, line) => {
    const told: string[] = []
    const tell =
      (level: string) =>
      ({ reason }: { reason?: string }): void =>
        void told.push(`${clock.monotonic()} ${level} ${reason}`)
    const logger = {
      ...silentLogger,
      debug: tell('debug'),
      warn: tell('warn'),
      error: tell('error'),
    }
    const failsAt = new Set([0, 4_000])
    const work = (): void => {
      if (failsAt.has(clock.monotonic())) throw new Error('down')
    }
    const breaker = breakerOf(1)
    const isWithin = place === 'further down'
    const job = isWithin ? { run: () => breaker.execute(work) } : { run: work, breaker }
    start(job, { logger })
    await clock.advance(6_000)
    expect(told).toEqual([
      '0 error failure',
      `1000 ${line}`,
      `2000 ${line.replace(/^\w+/, 'debug')}`,
      '4000 error failure',
      `5000 ${line}`,
      `6000 ${line.replace(/^\w+/, 'debug')}`,
    ])
    expect(failures).toHaveLength(isWithin ? 6 : 2)
  })

  test('hears of a timeout as of a failure', async () => {
    const breaker = breakerOf(1)
    const run = ({ signal }: JobRun): Promise<void> => clock.sleep(900, { signal })
    start({ run, breaker, timeoutMs: 400 })
    await clock.advance(400)
    expect(breaker.state).toBe('open')
    expect(failures).toMatchObject([{ reason: 'timeout' }])
  })

  test('does not hear of a run that is aborted by the close', async () => {
    const breaker = breakerOf(1)
    const closing = start({ run: holding().run, breaker }, { settleMs: 0 })
    await clock.advance(0)
    const closed = closing.close({ signal: AbortSignal.abort(new Error('in a hurry')) })
    await clock.advance(0)
    await closed
    expect(breaker.state).toBe('closed')
    expect(closing.status().jobs[0]?.lastOutcome).toBe('aborted')
  })

  test('with a shorter time limit of its own leaves no second run beside one that hangs', async () => {
    const breaker = createCircuitBreaker({ name: 'node', callTimeoutMs: 100, clock })
    const { run, runs, signals } = holding()
    start({ run, breaker })
    await clock.advance(3_000)
    expect(failures).toMatchObject([{ reason: 'failure', error: { code: 'CIRCUIT_CALL_TIMEOUT' } }])
    expect(signals[0]?.aborted).toBe(true)
    expect(runs).toHaveLength(1)
  })

  test('further down that is open is a failure like any other', async () => {
    const below = breakerOf(1)
    below.forceOpen()
    start({ run: () => below.execute(() => {}), breaker: breakerOf(5) })
    await clock.advance(0)
    expect(failures).toMatchObject([{ reason: 'failure', error: { code: 'CIRCUIT_OPEN' } }])
  })

  test('that breaks is a failure, and the job is tried again', async () => {
    const breaker = { execute: () => Promise.reject(new Error('a broken breaker')) }
    start({ breaker })
    await clock.advance(1_000)
    expect(failures).toMatchObject([{ reason: 'failure' }, { reason: 'failure' }])
  })
})

describe('runNow', () => {
  test('runs a job at once, before the start too, and says what became of it', async () => {
    const run = (): Promise<void> => clock.sleep(40)
    const made = make({ run })
    const result = made.runNow('job')
    await clock.advance(40)
    expect(await result).toEqual({ outcome: 'success', durationMs: 40 })
    expect(made.status().state).toBe('idle')
  })

  test('tells a failure, and does not reject', async () => {
    const error = new Error('no')
    const made = make({ run: () => Promise.reject(error) })
    expect(await made.runNow('job')).toEqual({ outcome: 'failure', durationMs: 0, error })
  })

  test('can be called again as soon as it has answered', async () => {
    const { run, at } = noting()
    const made = make({ run })
    await made.runNow('job')
    expect(await made.runNow('job')).toMatchObject({ outcome: 'success' })
    expect(at).toHaveLength(2)
  })

  test('waits for no run that is under way, and leaves the plan as it is', async () => {
    const { run, runs } = holding()
    const started = start({ run })
    await clock.advance(300)
    expect(await started.runNow('job')).toEqual({ outcome: 'skipped', reason: 'overlap' })
    runs[0]?.resolve()
    await clock.advance(0)
    void started.runNow('job')
    await clock.advance(100)
    runs[1]?.resolve()
    await clock.advance(599)
    expect(runs).toHaveLength(2)
    await clock.advance(1)
    expect(runs).toHaveLength(3)
  })

  test('rejects for a name that no job has', async () => {
    await expect(make({}).runNow('other')).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })
})

describe('close', () => {
  test('waits for what runs, and begins nothing more', async () => {
    const { run, runs, signals } = holding()
    const started = start([{ run }, { name: 'later', offsetMs: 500, run }])
    await clock.advance(0)
    let isClosed = false
    const closed = started.close().then(() => (isClosed = true))
    await clock.advance(5_000)
    expect(isClosed).toBe(false)
    expect(started.status()).toMatchObject({ state: 'closing', jobs: [{}, { nextAt: null }] })
    expect(signals[0]?.aborted).toBe(false)
    for (const name of ['job', 'later']) {
      expect(await started.runNow(name)).toEqual({ outcome: 'skipped', reason: 'closed' })
    }
    runs[0]?.resolve()
    await closed
    expect(runs).toHaveLength(1)
    expect(started.status()).toMatchObject({
      state: 'closed',
      jobs: [{ lastOutcome: 'success' }, {}],
    })
  })

  test('leaves a run behind that ignores its timeout, and says so', async () => {
    const error = vi.fn<(facts: object, message: string) => void>()
    const logger = { ...silentLogger, error }
    const { run } = holding()
    const started = start({ run, timeoutMs: 2_000 }, { settleMs: 50, logger })
    await clock.advance(0)
    let isClosed = false
    const closed = started.close().then(() => (isClosed = true))
    await clock.advance(2_049)
    expect(isClosed).toBe(false)
    await clock.advance(1)
    await closed
    expect(error).toHaveBeenLastCalledWith(
      { job: 'job' },
      'A job had not settled when the scheduler was closed.',
    )
  })

  test('waits for a run to clean up after its timeout', async () => {
    const steps: string[] = []
    const run = async ({ signal }: JobRun): Promise<void> => {
      await clock.sleep(60_000, { signal }).catch(() => {})
      await clock.sleep(30)
      steps.push('cleaned up')
    }
    const started = start({ run, timeoutMs: 2_000 })
    await clock.advance(1_000)
    const closed = started.close().then(() => steps.push('closed'))
    await clock.advance(2_000)
    await closed
    expect(steps).toEqual(['cleaned up', 'closed'])
  })

  test('aborts what runs when its own signal aborts', async () => {
    const hurry = new AbortController()
    const reason = new Error('the host is going down')
    const run = ({ signal }: JobRun): Promise<void> => clock.sleep(60_000, { signal })
    const started = start({ run })
    const result = started.runNow('job')
    await clock.advance(0)
    const closed = started.close({ signal: hurry.signal })
    await clock.advance(1_000)
    expect(started.status().state).toBe('closing')
    hurry.abort(reason)
    await closed
    expect(await result).toEqual({ outcome: 'aborted', durationMs: 1_000, error: reason })
    expect(failures).toEqual([])
  })

  test('closes once, whoever calls it how often', async () => {
    const { run, runs } = holding()
    const started = start({ run })
    await clock.advance(0)
    const all = Promise.all([started.close(), started.close(), started[Symbol.asyncDispose]()])
    runs[0]?.resolve()
    await all
    await started.close()
    expect(started.status().state).toBe('closed')
  })

  test('is not undone by a start', async () => {
    const made = make({})
    await made.close()
    expect(() => made.start()).toThrow(expect.objectContaining({ code: 'SCHEDULER_CLOSED' }))
  })

  test('is what `await using` does', async () => {
    const { run, at } = noting()
    {
      await using started = createScheduler({ clock, jobs: [{ name: 'a', intervalMs: 10, run }] })
      started.start()
      await clock.advance(10)
    }
    await clock.advance(100)
    expect(at).toEqual([0, 10])
  })
})

describe('run', () => {
  test('starts, and resolves after the abort once all is drained', async () => {
    const stop = new AbortController()
    const { run, runs } = holding()
    const made = make({ run })
    let isOver = false
    const over = made.run({ signal: stop.signal }).then(() => (isOver = true))
    await clock.advance(0)
    expect(runs).toHaveLength(1)
    stop.abort()
    await clock.advance(100)
    expect(isOver).toBe(false)
    runs[0]?.resolve()
    await over
    expect(made.status().state).toBe('closed')
  })

  test('resolves after a close by somebody else', async () => {
    const made = make({})
    const over = made.run()
    await clock.advance(3_000)
    await made.close()
    await expect(over).resolves.toBeUndefined()
  })

  test('begins nothing when its signal has aborted', async () => {
    const { run, at } = noting()
    await make({ run }).run({ signal: AbortSignal.abort() })
    await clock.advance(1_000)
    expect(at).toEqual([])
  })

  test('resolves at once when the scheduler is closed already', async () => {
    const made = make({})
    await made.close()
    await expect(made.run()).resolves.toBeUndefined()
  })

  test('goes on for more than a day', async () => {
    const { run, at } = noting()
    const made = make({ run, intervalMs: 86_400_000 })
    const over = made.run()
    await clock.advance(3 * 86_400_000)
    expect(at).toHaveLength(4)
    void made.close()
    await over
  })
})

test('the status tells what each job did and will do, as plain JSON', async () => {
  const started = start([
    { run: () => clock.sleep(20), offsetMs: 100 },
    { name: 'other', intervalMs: 5_000, offsetMs: 4_000 },
  ])
  await clock.advance(700)
  const never = {
    lastStartedAt: null,
    lastOutcome: null,
    lastDurationMs: null,
    lastSuccessAt: null,
  }
  const now = started.status()
  expect(now).toEqual({
    state: 'started',
    jobs: [
      {
        name: 'job',
        runningSince: null,
        nextAt: T0 + 1_100,
        lastStartedAt: T0 + 100,
        lastOutcome: 'success',
        lastDurationMs: 20,
        lastSuccessAt: T0 + 120,
        consecutiveFailures: 0,
        lease: null,
      },
      {
        name: 'other',
        runningSince: null,
        nextAt: T0 + 4_000,
        ...never,
        consecutiveFailures: 0,
        lease: null,
      },
    ],
  })
  expect(JSON.parse(JSON.stringify(now))).toEqual(now)
})

test('the metrics tell outcome, duration and last success of each job', async () => {
  const metrics = createMetrics()
  start({ run: () => clock.sleep(300) }, { metrics })
  await clock.advance(100)
  expect(seriesOf(metrics, 'scheduler_last_success_timestamp_seconds')).toEqual([])
  await clock.advance(1_700)
  const labels = { job: 'job' }
  expect(seriesOf(metrics, 'scheduler_last_success_timestamp_seconds')).toEqual([
    { labels, value: T0 / 1_000 + 1.3 },
  ])
  expect(valueOf(metrics, 'scheduler_runs_total', { outcome: 'success' })).toBe(2)
  expect(seriesOf(metrics, 'scheduler_run_duration_seconds')).toMatchObject([
    { labels, histogram: { count: 2, sum: 0.6 } },
  ])
})

describe('an option that cannot be', () => {
  const run = (): void => {}
  test.each<[string, object]>([
    ['a name that begins with a digit', { name: '1st' }],
    ['an empty name', { name: '' }],
    ['a name with a space', { name: 'two words' }],
    ['a name that is too long', { name: 'x'.repeat(101) }],
    ['no interval', { intervalMs: 0 }],
    ['an interval that is no number', { intervalMs: Number.NaN }],
    ['an endless interval', { intervalMs: Number.POSITIVE_INFINITY }],
    ['a negative offset', { offsetMs: -1 }],
    ['a jitter as long as the interval', { jitterMs: 1_000 }],
    ['no time', { timeoutMs: 0 }],
    ['a lease without a store', { lease: true }],
    ['a lease that is too short', { lease: { leaseMs: 999 } }],
  ])('is refused: %s', (_, job) => {
    const jobs = [{ name: 'job', intervalMs: 1_000, run, ...job }]
    expect(() => createScheduler({ jobs })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })

  test('is refused: one name for two jobs', () => {
    const job = { name: 'job', intervalMs: 1_000, run }
    expect(() => createScheduler({ jobs: [job, job] })).toThrow('"job" stands twice')
  })
})

function seriesOf(metrics: ReturnType<typeof createMetrics>, name: string) {
  return metrics.collect().find((family) => family.name === name)?.series ?? []
}

function valueOf(
  metrics: ReturnType<typeof createMetrics>,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const wanted = { job: 'job', ...labels }
  return metrics
    .collect()
    .filter((family) => family.name === name && family.type !== 'histogram')
    .flatMap(({ series }) => series as readonly { labels: object; value: number }[])
    .find((series) => JSON.stringify(series.labels) === JSON.stringify(wanted))?.value
}
