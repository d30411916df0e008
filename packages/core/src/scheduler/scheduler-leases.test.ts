import assert from 'node:assert/strict'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { isAssayError } from '../errors/assay-error.ts'
import { createMetrics } from '../metrics/create-metrics.ts'
import { createTestClock, type TestClock } from '../testing/test-clock.ts'
import { createScheduler } from './create-scheduler.ts'
import type { JobLeaseStore } from './job-lease-store.ts'
import { createMemoryJobLeaseStore } from './memory-job-lease-store.ts'
import type { SchedulerOptions } from './parse-scheduler-options.ts'
import type { JobRun, ScheduledJob } from './scheduled-job.ts'
import type { JobFailure, Scheduler } from './scheduler.ts'

const INTERVAL_MS = 60_000
const LEASE_MS = 3_000

let clock: TestClock
let leases: JobLeaseStore
const failures: JobFailure[] = []
const schedulers: Scheduler[] = []
/** Who ran, when, and with which token. */
const ran: string[] = []

beforeEach(() => {
  clock = createTestClock()
  leases = createMemoryJobLeaseStore()
  for (const list of [failures, schedulers, ran]) list.length = 0
})
afterEach(async () => {
  for (const each of schedulers) void each.close({ signal: AbortSignal.abort() })
  await clock.advance(120_000)
  assert.equal(clock.pending, 0)
})

/** One of several processes with the same job. */
function make(
  owner: string,
  job: Partial<ScheduledJob> = {},
  options: Partial<SchedulerOptions> = {},
): Scheduler {
  const run = ({ token }: JobRun): void => void ran.push(`${owner} ${clock.now()} ${token}`)
  const settle = { name: 'settle', intervalMs: INTERVAL_MS, lease: { leaseMs: LEASE_MS }, run }
  const made = createScheduler({
    clock,
    leases,
    owner,
    onError: (failure) => void failures.push(failure),
    ...options,
    jobs: [{ ...settle, ...job }],
  })
  schedulers.push(made)
  return made
}

/** Ends as a process that is killed does: the store hears nothing of it any more. */
function killable(store: JobLeaseStore) {
  let isDead = false
  const silent = new Promise<never>(() => {})
  const living = <Answer>(step: () => Promise<Answer>): Promise<Answer> =>
    isDead ? silent : step()
  return {
    kill: () => void (isDead = true),
    leases: {
      take: (request) => living(() => store.take(request)),
      renew: (renewal) => living(() => store.renew(renewal)),
      release: (lease) => living(() => store.release(lease)),
    } satisfies JobLeaseStore,
  }
}

const until = (signal: AbortSignal): Promise<void> => clock.sleep(1_000_000, { signal })

describe('of several schedulers with one job', () => {
  test('one runs it, each time that it planned to, and the others stand by', async () => {
    const metrics = createMetrics()
    const [a, b] = [make('a'), make('b', { offsetMs: 20_000 }, { metrics })]
    a.start()
    b.start()
    await clock.advance(4 * INTERVAL_MS)
    expect(ran).toEqual(['a 0 1', 'a 60000 1', 'a 120000 1', 'a 180000 1', 'a 240000 1'])
    expect(a.status().jobs[0]?.lease).toBe('held')
    expect(b.status().jobs[0]?.lease).toBe('standby')
    const skips = metrics.collect().find(({ name }) => name === 'scheduler_skips_total')
    expect(skips?.series).toContainEqual({
      labels: { job: 'settle', reason: 'standby' },
      // Once as planned, and once when the lease would have ended without its renewal.
      value: 7,
    })
    expect(failures).toEqual([])
  })

  test('another takes over as soon as the first one has died, and not before', async () => {
    const dying = killable(leases)
    make('a', {}, { leases: dying.leases }).start()
    make('b', { offsetMs: 20_000 }).start()
    await clock.advance(INTERVAL_MS)
    dying.kill()
    await clock.advance(INTERVAL_MS + LEASE_MS - 1)
    expect(ran).toEqual(['a 0 1', 'a 60000 1'])
    // It was to run at 120,000, and has not: its lease ended so much later.
    await clock.advance(1)
    expect(ran).toEqual(['a 0 1', 'a 60000 1', 'b 123000 2'])
    await clock.advance(INTERVAL_MS)
    expect(ran.slice(3)).toEqual(['b 140000 2'])
  })

  test('another takes over from one that died while it ran', async () => {
    const dying = killable(leases)
    const run = ({ signal }: JobRun): Promise<void> => {
      ran.push(`a ${clock.now()}`)
      return until(signal)
    }
    make('a', { run, timeoutMs: 50_000 }, { leases: dying.leases }).start()
    make('b').start()
    await clock.advance(10_500)
    dying.kill()
    await clock.advance(2_499)
    expect(ran).toEqual(['a 0'])
    // Its last renewal was at 10,000.
    await clock.advance(1)
    expect(ran).toEqual(['a 0', 'b 13000 2'])
  })

  test('another takes over from one that was closed, at its own plan or a lease after that of the other', async () => {
    const a = make('a')
    a.start()
    make('b', { offsetMs: 20_000 }).start()
    await clock.advance(30_000)
    await a.close()
    await clock.advance(INTERVAL_MS)
    expect(ran).toEqual(['a 0 1', 'b 63000 2', 'b 80000 2'])
  })

  test('each runs a job of its own that has no lease', async () => {
    for (const owner of ['a', 'b']) make(owner, { lease: false }).start()
    await clock.advance(0)
    expect(ran).toEqual(['a 0 undefined', 'b 0 undefined'])
  })

  test('a lease covers the jitter of the next run too', async () => {
    const draws = [0, 0.9]
    make('a', { jitterMs: 30_000 }, { random: () => draws.shift() ?? 0 }).start()
    make('b').start()
    await clock.advance(INTERVAL_MS + 30_000)
    expect(ran).toEqual(['a 0 1', 'a 87000 1'])
  })
})

describe('a lease', () => {
  test('is renewed for as long as the run takes', async () => {
    make('a', { run: () => clock.sleep(40_000), timeoutMs: 50_000 }).start()
    const b = make('b')
    for (let second = 0; second < 40; second += 1) {
      await clock.advance(1_000)
      expect(await b.runNow('settle')).toEqual({ outcome: 'skipped', reason: 'standby' })
    }
    expect(failures).toEqual([])
  })

  test('that another has taken aborts the run', async () => {
    const made = make('a', { run: ({ signal }) => until(signal) })
    made.start()
    await clock.advance(500)
    // As after a standstill of the process or a clock that was set: the lease is another's.
    await leases.release({ job: 'settle', token: 1n })
    await clock.advance(500)
    expect(failures).toMatchObject([{ job: 'settle', reason: 'lease-lost' }])
    expect(isAssayError(failures[0]?.error, 'JOB_LEASE_LOST')).toBe(true)
    expect(made.status().jobs[0]).toMatchObject({ lease: 'standby', lastOutcome: 'lease-lost' })
  })

  test('that was lost is taken again for the next run, which knows nothing of it', async () => {
    const aborted: boolean[] = []
    const run = async ({ signal }: JobRun): Promise<void> => {
      aborted.push(signal.aborted)
      if (aborted.length === 1) await until(signal)
      else throw new Error('another reason')
    }
    make('a', { run }).start()
    await clock.advance(500)
    await leases.release({ job: 'settle', token: 1n })
    await clock.advance(INTERVAL_MS)
    expect(aborted).toEqual([false, false])
    expect(failures.map(({ reason }) => reason)).toEqual(['lease-lost', 'failure'])
  })

  test('that cannot be renewed aborts the run before another may take it', async () => {
    const broken = { ...leases, renew: () => Promise.reject(new Error('no route to host')) }
    const aborted: number[] = []
    const run = async ({ signal }: JobRun): Promise<void> => {
      signal.addEventListener('abort', () => aborted.push(clock.now()))
      await until(signal)
    }
    make('a', { run }, { leases: broken }).start()
    await clock.advance(LEASE_MS - 1)
    expect(aborted).toEqual([])
    expect(failures).toMatchObject([{ reason: 'lease-error' }, { reason: 'lease-error' }])
    await clock.advance(1)
    expect(aborted).toEqual([LEASE_MS])
    expect(failures.map(({ reason }) => reason)).toContain('lease-lost')
  })

  test('whose store does not answer aborts the run in time as well', async () => {
    const dying = killable(leases)
    const aborted: number[] = []
    const run = async ({ signal }: JobRun): Promise<void> => {
      signal.addEventListener('abort', () => aborted.push(clock.now()))
      dying.kill()
      await until(signal)
    }
    make('a', { run }, { leases: dying.leases }).start()
    await clock.advance(LEASE_MS)
    expect(aborted).toEqual([LEASE_MS])
    expect(failures[0]).toMatchObject({
      reason: 'lease-error',
      error: { code: 'JOB_LEASE_TIMEOUT' },
    })
  })

  test('survives a renewal that failed once', async () => {
    let renewals = 0
    const shaky: JobLeaseStore = {
      ...leases,
      renew(renewal) {
        renewals += 1
        return renewals === 1 ? Promise.reject(new Error('reset by peer')) : leases.renew(renewal)
      },
    }
    const made = make('a', { run: () => clock.sleep(20_000) }, { leases: shaky })
    made.start()
    await clock.advance(20_000)
    expect(failures.map(({ reason }) => reason)).toEqual(['lease-error'])
    expect(made.status().jobs[0]).toMatchObject({ lastOutcome: 'success', lease: 'held' })
  })

  test('is not renewed for a run that outlived its timeout, so that another takes over', async () => {
    const end = Promise.withResolvers<void>()
    const a = make('a', { run: () => end.promise, timeoutMs: 5_000 })
    a.start()
    make('b').start()
    await clock.advance(6_999)
    expect(ran).toEqual([])
    // Its last renewal was at 4,000.
    await clock.advance(1)
    expect(ran).toEqual(['b 7000 2'])
    end.resolve()
    // What has settled late gives no lease back that is another's.
    await clock.advance(INTERVAL_MS)
    expect(ran).toEqual(['b 7000 2', 'b 60000 2'])
    expect(a.status().jobs[0]?.lease).toBe('standby')
  })

  test('is kept by whoever heeded the timeout', async () => {
    make('a', { run: ({ signal }) => until(signal), timeoutMs: 5_000 }).start()
    make('b').start()
    await clock.advance(INTERVAL_MS - 1)
    expect(ran).toEqual([])
  })

  test('is held on to before runNow answers, so that it can be called again at once', async () => {
    const a = make('a')
    a.start()
    await clock.advance(1_000)
    for (let n = 0; n < 2; n += 1) {
      expect(await a.runNow('settle')).toMatchObject({ outcome: 'success' })
    }
  })

  test('is given back by the close of a scheduler that holds it between two runs', async () => {
    const [a, b] = [make('a'), make('b')]
    a.start()
    await clock.advance(1_000)
    await a.close()
    expect(await b.runNow('settle')).toMatchObject({ outcome: 'success' })
  })

  test('is not waited for by a scheduler that is closed', async () => {
    const [a, b] = [make('a'), make('b', { offsetMs: 20_000 })]
    a.start()
    b.start()
    await clock.advance(21_000)
    await a.close()
    await b.close()
    expect(clock.pending).toBe(0)
  })

  test('is given back only after the run has settled', async () => {
    const end = Promise.withResolvers<void>()
    const a = make('a', { run: () => end.promise }, { settleMs: 1_000 })
    const b = make('b')
    a.start()
    await clock.advance(0)
    const closed = a.close()
    await clock.advance(20_000)
    expect(await b.runNow('settle')).toMatchObject({ reason: 'standby' })
    end.resolve()
    await closed
    expect(await b.runNow('settle')).toMatchObject({ outcome: 'success' })
  })

  test('of a run that was left behind by the close runs out by itself', async () => {
    const a = make('a', { run: () => new Promise(() => {}), timeoutMs: 1_500 }, { settleMs: 100 })
    const b = make('b')
    a.start()
    await clock.advance(1_000)
    const closed = a.close()
    await clock.advance(600)
    await closed
    expect(await b.runNow('settle')).toMatchObject({ reason: 'standby' })
    await clock.advance(LEASE_MS)
    expect(await b.runNow('settle')).toMatchObject({ outcome: 'success' })
  })

  test('is given back after a run by runNow where nothing is planned', async () => {
    const [a, b] = [make('a'), make('b')]
    await a.runNow('settle')
    expect(await b.runNow('settle')).toMatchObject({ outcome: 'success' })
    expect(ran).toEqual(['a 0 1', 'b 0 2'])
  })

  test('that came only when the scheduler was closed is given back, and nothing runs', async () => {
    const gate = Promise.withResolvers<void>()
    const slow: JobLeaseStore = {
      ...leases,
      async take(request) {
        await gate.promise
        return leases.take(request)
      },
    }
    const a = make('a', {}, { leases: slow })
    const result = a.runNow('settle')
    const closed = a.close()
    gate.resolve()
    await closed
    expect(await result).toEqual({ outcome: 'skipped', reason: 'closed' })
    expect(await make('b').runNow('settle')).toMatchObject({ outcome: 'success' })
    expect(ran).toEqual(['b 0 2'])
  })
})

describe('a lease store that fails', () => {
  test('skips the run, is told, and is asked again long before the next plan', async () => {
    const metrics = createMetrics()
    let isDown = true
    const error = new Error('too many connections')
    const shaky: JobLeaseStore = {
      ...leases,
      take: (request) => (isDown ? Promise.reject(error) : leases.take(request)),
    }
    make('a', {}, { leases: shaky, metrics }).start()
    await clock.advance(1_500)
    expect(failures).toEqual([
      { job: 'settle', reason: 'lease-error', error },
      { job: 'settle', reason: 'lease-error', error },
    ])
    isDown = false
    await clock.advance(1_500)
    expect(ran).toEqual(['a 2000 1'])
    await clock.advance(INTERVAL_MS)
    expect(ran).toEqual(['a 2000 1', 'a 60000 1'])
  })

  test('and does not answer holds up neither the next attempt nor the close', async () => {
    const dying = killable(leases)
    dying.kill()
    const a = make('a', {}, { leases: dying.leases })
    const result = a.runNow('settle')
    const closed = a.close()
    await clock.advance(LEASE_MS / 3)
    await closed
    expect(await result).toEqual({ outcome: 'skipped', reason: 'lease-error' })
    expect(failures).toMatchObject([{ error: { code: 'JOB_LEASE_TIMEOUT' } }])
  })

  test('does not disturb a job without a lease', async () => {
    const store: JobLeaseStore = {
      take: () => Promise.reject(new Error('down')),
      renew: () => Promise.reject(new Error('down')),
      release: () => Promise.reject(new Error('down')),
    }
    make('a', { lease: false }, { leases: store }).start()
    await clock.advance(INTERVAL_MS)
    expect(ran).toHaveLength(2)
  })

  test('is not asked in a loop when it says that a lease which it refuses has ended', async () => {
    let asked = 0
    const odd: JobLeaseStore = {
      ...leases,
      async take() {
        asked += 1
        return { taken: false, owner: 'nobody', until: 0 }
      },
    }
    make('a', {}, { leases: odd }).start()
    await clock.advance(1_000)
    expect(asked).toBe(11)
  })
})
