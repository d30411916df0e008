import { describe, expect, test } from 'vitest'

import { AssayError } from '../errors/assay-error.ts'
import { createTestClock } from '../testing/test-clock.ts'
import {
  createHealthCheck,
  type HealthCheckDefinition,
  type HealthCheckOptions,
} from './create-health-check.ts'
import { formatHealthJson } from './format-health-json.ts'
import { formatPlainHealth } from './format-plain-health.ts'
import { healthHttpStatus } from './health-report.ts'

const SECRET = 'postgres://admin:hunter2@db.internal/prod'

function setUp(options: Partial<HealthCheckOptions> = {}) {
  const clock = createTestClock({ now: Date.UTC(2026, 4, 1, 9, 30) })
  return { clock, health: createHealthCheck({ version: '1.4.0', checks: [], clock, ...options }) }
}

/** A dependency whose answers a test decides, and which remembers how often it was asked. */
function dependency(definition: Partial<HealthCheckDefinition> = {}) {
  const calls: AbortSignal[] = []
  let answer: HealthCheckDefinition['check'] = () => {}
  return {
    calls,
    answerWith(next: HealthCheckDefinition['check']) {
      answer = next
    },
    definition: {
      name: 'database',
      ...definition,
      check: (signal) => {
        calls.push(signal)
        return answer(signal)
      },
    } satisfies HealthCheckDefinition as HealthCheckDefinition,
  }
}

const hang = (): Promise<void> => new Promise(() => {})
const fail = (): never => {
  throw new Error(SECRET)
}

describe('liveness', () => {
  test('passes without asking any dependency, even one that hangs', () => {
    const database = dependency()
    database.answerWith(hang)
    const { health, clock } = setUp({ checks: [database.definition] })
    expect(health.liveness()).toEqual({
      status: 'pass',
      version: '1.4.0',
      time: clock.now(),
      checks: [],
    })
    expect(database.calls).toHaveLength(0)
    expect(clock.pending).toBe(0)
  })
})

describe('readiness', () => {
  test('passes when every check passes, and says how long each took', async () => {
    const database = dependency({ type: 'postgresql', componentType: 'datastore' })
    const { health, clock } = setUp({ checks: [database.definition] })
    database.answerWith(() => clock.sleep(30))

    const report = health.readiness()
    await clock.advance(30)
    expect(await report).toEqual({
      status: 'pass',
      version: '1.4.0',
      time: clock.now(),
      checks: [
        {
          name: 'database',
          type: 'postgresql',
          componentType: 'datastore',
          critical: true,
          status: 'pass',
          time: clock.now(),
          durationMs: 30,
          measurements: {},
          measurementsKey: 'database_stats',
          output: undefined,
        },
      ],
    })
    expect(clock.pending).toBe(0)
  })

  test('passes where there is nothing to ask', async () => {
    expect(await setUp().health.readiness()).toMatchObject({ status: 'pass', checks: [] })
  })

  test('fails when a critical check fails, by throwing at once or later', async () => {
    for (const answer of [fail, async () => fail()]) {
      const database = dependency()
      database.answerWith(answer)
      const redis = dependency({ name: 'redis' })
      const report = await setUp({
        checks: [database.definition, redis.definition],
      }).health.readiness()
      expect(report).toMatchObject({
        status: 'fail',
        checks: [{ status: 'fail' }, { status: 'pass' }],
      })
      expect(healthHttpStatus(report)).toBe(503)
    }
  })

  test('warns when only a check fails that is not critical', async () => {
    const redis = dependency({ name: 'redis', critical: false })
    redis.answerWith(fail)
    const { health } = setUp({ checks: [dependency().definition, redis.definition] })
    const report = await health.readiness()
    expect(report).toMatchObject({
      status: 'warn',
      checks: [{ status: 'pass' }, { status: 'fail' }],
    })
    expect(healthHttpStatus(report)).toBe(200)
  })

  test.each([
    ['warn', true, 'warn'],
    ['warn', false, 'warn'],
    ['fail', true, 'fail'],
    ['fail', false, 'warn'],
    ['pass', true, 'pass'],
  ] as const)('an observation of %s, critical %s, makes %s', async (status, critical, overall) => {
    const database = dependency({ critical })
    database.answerWith(() => ({ status }))
    const report = await setUp({ checks: [database.definition] }).health.readiness()
    expect(report).toMatchObject({ status: overall, checks: [{ status }] })
  })

  test('asks all dependencies at the same time', async () => {
    const { clock } = setUp()
    const checks = ['a', 'b', 'c'].map((name) => ({ name, check: () => clock.sleep(100) }))
    const report = createHealthCheck({ version: '1', checks, clock }).readiness()
    await clock.advance(100)
    expect((await report).checks.map(({ durationMs }) => durationMs)).toEqual([100, 100, 100])
  })

  test('gives a result out again for a second by default, and then asks again', async () => {
    const database = dependency()
    const { health, clock } = setUp({ checks: [database.definition] })
    const first = await health.readiness()
    await clock.advance(999)
    expect(await health.readiness()).toBe(first)
    await clock.advance(1)
    database.answerWith(fail)
    expect(await health.readiness()).toMatchObject({ status: 'fail' })
    expect(database.calls).toHaveLength(2)
  })

  test("a correction of the host's clock makes no result fresh or stale", async () => {
    const database = dependency()
    const { health, clock } = setUp({ checks: [database.definition], cacheMs: 5_000 })
    await health.readiness()
    clock.setWallClock(clock.now() + 86_400_000)
    await health.readiness()
    expect(database.calls).toHaveLength(1)
    clock.setWallClock(0)
    await clock.advance(5_000)
    await health.readiness()
    expect(database.calls).toHaveLength(2)
  })

  test('counts the life of a result from its end, not its beginning', async () => {
    const database = dependency()
    const { health, clock } = setUp({ checks: [database.definition], cacheMs: 100 })
    database.answerWith(() => clock.sleep(500))
    const first = health.readiness()
    await clock.advance(599)
    expect(await health.readiness()).toBe(await first)
    expect(database.calls).toHaveLength(1)
  })

  test('callers at the same time share one run, even without a cache', async () => {
    const database = dependency()
    const { health, clock } = setUp({ checks: [database.definition], cacheMs: 0 })
    database.answerWith(() => clock.sleep(10))
    const reports = [health.readiness(), health.readiness(), health.startup()]
    await clock.advance(5)
    reports.push(health.readiness())
    await clock.advance(5)
    expect(new Set(await Promise.all(reports)).size).toBe(1)
    expect(database.calls).toHaveLength(1)
    void health.readiness()
    expect(database.calls).toHaveLength(2)
    await clock.advance(10)
  })
})

describe('startup', () => {
  test('fails until it could serve once, and then never asks again', async () => {
    const database = dependency()
    database.answerWith(fail)
    const { health, clock } = setUp({ checks: [database.definition] })
    expect(await health.startup()).toMatchObject({ status: 'fail' })
    await clock.advance(1_000)
    database.answerWith(() => {})
    const started = await health.startup()
    expect(started).toMatchObject({ status: 'pass' })

    database.answerWith(fail)
    await clock.advance(60_000)
    expect(await health.startup()).toBe(started)
    expect(database.calls).toHaveLength(2)
    expect(await health.readiness()).toMatchObject({ status: 'fail' })
    expect(await health.startup()).toBe(started)
  })

  test('is over with a warning too', async () => {
    const redis = dependency({ critical: false })
    redis.answerWith(fail)
    const { health, clock } = setUp({ checks: [redis.definition] })
    expect(await health.startup()).toMatchObject({ status: 'warn' })
    await clock.advance(60_000)
    await health.startup()
    expect(redis.calls).toHaveLength(1)
  })
})

describe('a check that takes too long', () => {
  test('fails at its timeout, two seconds by default, and its signal is aborted', async () => {
    const database = dependency()
    database.answerWith(hang)
    const { health, clock } = setUp({ checks: [database.definition] })
    const report = health.readiness()
    await clock.advance(1_999)
    expect(database.calls[0]?.aborted).toBe(false)
    await clock.advance(1)
    expect(await report).toMatchObject({
      status: 'fail',
      checks: [{ status: 'fail', durationMs: 2_000, output: 'HEALTH_CHECK_TIMEOUT' }],
    })
    expect(database.calls[0]?.reason).toMatchObject({
      code: 'HEALTH_CHECK_TIMEOUT',
      context: { check: 'database', timeoutMs: 2_000 },
    })
  })

  test('does not abort another check, nor an earlier or a later call of its own', async () => {
    const database = dependency({ timeoutMs: 50 })
    const redis = dependency({ name: 'redis' })
    const { health, clock } = setUp({ checks: [database.definition, redis.definition], cacheMs: 0 })
    await health.readiness()
    database.answerWith(hang)
    const late = health.readiness()
    await clock.advance(50)
    await late
    database.answerWith(() => {})
    await health.readiness()
    expect(database.calls.map(({ aborted }) => aborted)).toEqual([false, true, false])
    expect(redis.calls.map(({ aborted }) => aborted)).toEqual([false, false, false])
    expect(clock.pending).toBe(0)
  })

  test('changes no report by an answer or an error that comes too late', async () => {
    const database = dependency({ timeoutMs: 50 })
    const { health, clock } = setUp({ checks: [database.definition] })
    for (const answer of [() => {}, fail]) {
      database.answerWith(async () => {
        await clock.sleep(60)
        answer()
      })
      const report = health.readiness()
      await clock.advance(60)
      expect(await report).toMatchObject({ status: 'fail', checks: [{ durationMs: 50 }] })
      await clock.advance(1_000)
    }
  })

  test('is called no more while ten calls of it hang, and again as soon as one lets go', async () => {
    const database = dependency()
    const { health, clock } = setUp({ checks: [database.definition], cacheMs: 0 })
    const letGo: (() => void)[] = []
    database.answerWith(() => new Promise<void>((resolve) => void letGo.push(resolve)))
    const readiness = async () => {
      const report = health.readiness()
      await clock.advance(2_000)
      return report
    }
    for (let call = 1; call <= 10; call += 1) await readiness()
    expect(await readiness()).toMatchObject({
      status: 'fail',
      checks: [{ output: 'HEALTH_CHECK_STUCK', durationMs: 0 }],
    })
    expect(database.calls).toHaveLength(10)

    letGo[0]?.()
    await clock.advance(0)
    database.answerWith(() => {})
    expect(await readiness()).toMatchObject({ status: 'pass' })
    expect(database.calls).toHaveLength(11)
  })
})

describe('what a check throws', () => {
  class ConnectionError extends Error {
    override readonly name = SECRET
  }
  const assayError = new AssayError('RPC_DOWN', { message: SECRET, retry: 'safe' })

  test.each([
    ['an AssayError', assayError, 'RPC_DOWN'],
    ['an error with a class', new ConnectionError(SECRET), 'ConnectionError'],
    ['an error with a cause', new TypeError(SECRET, { cause: new Error(SECRET) }), 'TypeError'],
    ['a text', SECRET, 'string'],
    ['an object', { message: SECRET }, 'object'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'object'],
    [
      'an error without a constructor',
      Object.assign(new Error(SECRET), { constructor: null }),
      'unknown',
    ],
  ])('%s is shown by code or class, and reaches onFailure whole', async (_, thrown, output) => {
    const seen: [string, unknown][] = []
    const database = dependency()
    database.answerWith(() => {
      throw thrown
    })
    const { health } = setUp({
      checks: [database.definition],
      onFailure: (name, error) => seen.push([name, error]),
    })
    const report = await health.readiness()
    expect(report).toMatchObject({ status: 'fail', checks: [{ status: 'fail', output }] })
    expect(seen).toEqual([['database', thrown]])
    const everything = [report, formatHealthJson(report), formatPlainHealth(report)]
    expect(JSON.stringify(everything)).not.toContain('hunter2')
  })

  // A rejection that nobody handles would end the process, and does end the run of these tests.
  test.each([
    ['throws', fail],
    ['rejects', () => Promise.reject(new Error('The log is full.'))],
  ])('stays what it is when onFailure %s', async (_, onFailure) => {
    const database = dependency()
    database.answerWith(fail)
    const { health } = setUp({ checks: [database.definition], onFailure })
    expect(await health.readiness()).toMatchObject({ checks: [{ output: 'Error' }] })
  })
})

describe('what a check returns', () => {
  test('is copied into the report', async () => {
    const measurements = { transactions: 1_523, replica: 'eu', writable: true }
    const database = dependency()
    database.answerWith(() => ({ measurements }))
    const report = await setUp({ checks: [database.definition] }).health.readiness()
    measurements.transactions = 0
    expect(report.checks[0]?.measurements).toEqual({
      transactions: 1_523,
      replica: 'eu',
      writable: true,
    })
  })

  test.each([
    ['false', false],
    ['null', null],
    ['a text', 'PONG'],
    ['rows', []],
    ['a query result', { rows: [], rowCount: 0 }],
    ['an HTTP response', new Response(null, { status: 500 })],
    ['an unknown status', { status: 'up' }],
    ['a bigint', { measurements: { height: 1n } }],
    ['NaN', { measurements: { ratio: Number.NaN } }],
    ['a nested object', { measurements: { pool: {} } }],
    ['a name with a colon', { measurements: { 'a:b': 1 } }],
    ['a name that is ours', { measurements: { responseTime: 1 } }],
  ])('is a failure when it is %s and no observation', async (_, returned) => {
    const database = dependency()
    database.answerWith((() => returned) as HealthCheckDefinition['check'])
    expect(await setUp({ checks: [database.definition] }).health.readiness()).toMatchObject({
      status: 'fail',
      checks: [{ output: 'HEALTH_OBSERVATION_INVALID' }],
    })
  })
})

describe('createHealthCheck', () => {
  const withNames =
    (...names: string[]) =>
    () =>
      setUp({ checks: names.map((name) => ({ name, check: () => {} })) })

  test.each(['', 'a:b', '__proto__', '1st', 'a b', 'status', 'version', 'timestamp'])(
    'refuses the name %j',
    (name) => {
      expect(withNames(name)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
    },
  )

  test('refuses a name that stands twice, or in the place of measurements', () => {
    expect(withNames('redis', 'redis')).toThrow('other than `redis`')
    expect(withNames('redis', 'redis_stats')).toThrow('other than `redis_stats`')
    expect(withNames('redis', 'database-1', 'constructor')).not.toThrow()
  })

  test('refuses durations and limits that are none', () => {
    expect(() => setUp({ cacheMs: -1 })).toThrow('`cacheMs`')
    expect(() => setUp({ cacheMs: Number.NaN })).toThrow('`cacheMs`')
    expect(() => setUp({ abandonedMax: 0 })).toThrow('`abandonedMax`')
    expect(() => setUp({ checks: [dependency({ timeoutMs: 0 }).definition] })).toThrow('`timeoutMs')
  })
})
