import { expect, test } from 'vitest'

import { createMetrics } from '../metrics/create-metrics.ts'
import { createTestClock } from '../testing/test-clock.ts'
import {
  CIRCUIT_BREAKER_CALLS_TOTAL,
  CIRCUIT_BREAKER_REJECTED_TOTAL,
  CIRCUIT_BREAKER_STATE,
  CIRCUIT_BREAKER_TRIPS_TOTAL,
} from './circuit-breaker-metrics.ts'
import { createCircuitBreaker } from './create-circuit-breaker.ts'

function setUp() {
  const clock = createTestClock()
  const metrics = createMetrics()
  const breaker = createCircuitBreaker({
    name: 'rpc',
    clock,
    metrics,
    failureThreshold: 1,
    successThreshold: 1,
    callTimeoutMs: 1_000,
  })
  const read = (name: string, outcome?: string): number | undefined => {
    const family = metrics.collect().find((family) => family.name === name)
    const series = family?.series.find(
      ({ labels }) => outcome === undefined || labels['outcome'] === outcome,
    )
    return series !== undefined && 'value' in series ? series.value : undefined
  }
  return { clock, breaker, read }
}

const succeed = (): Promise<string> => Promise.resolve('ok')
const fail = (): Promise<never> => Promise.reject(new Error('down'))

test('the state is computed when it is read: 0 closed, 1 open, 2 half-open', async () => {
  const { breaker, clock, read } = setUp()
  expect(read(CIRCUIT_BREAKER_STATE)).toBe(0)
  await breaker.execute(fail).catch(() => {})
  expect(read(CIRCUIT_BREAKER_STATE)).toBe(1)
  await clock.advance(30_000)
  expect(read(CIRCUIT_BREAKER_STATE)).toBe(2)
})

test('trips are openings, whatever opened the circuit', async () => {
  const { breaker, clock, read } = setUp()
  await breaker.execute(fail).catch(() => {})
  await clock.advance(30_000)
  await breaker.execute(fail).catch(() => {})
  breaker.reset()
  breaker.forceOpen()
  breaker.forceOpen()
  expect(read(CIRCUIT_BREAKER_TRIPS_TOTAL)).toBe(3)
})

test('a timeout of a breaker further down is a failure here, and no timeout of this one', async () => {
  const { breaker, clock, read } = setUp()
  const inner = createCircuitBreaker({ name: 'inner', clock, callTimeoutMs: 10 })
  const call = breaker.execute(() => inner.execute(() => new Promise(() => {}))).catch(() => {})
  await clock.advance(10)
  await call
  expect(read(CIRCUIT_BREAKER_CALLS_TOTAL, 'failure')).toBe(1)
  expect(read(CIRCUIT_BREAKER_CALLS_TOTAL, 'timeout')).toBe(0)
})

test('each call is counted once, by what became of it', async () => {
  const { breaker, clock, read } = setUp()
  await breaker.execute(succeed)
  const controller = new AbortController()
  const aborted = breaker.execute(() => new Promise(() => {}), { signal: controller.signal })
  controller.abort()
  await aborted.catch(() => {})

  const stale = Promise.withResolvers<void>()
  const late = breaker.execute(() => stale.promise)
  await breaker.execute(fail).catch(() => {})
  stale.resolve()
  await late
  await breaker.execute(succeed).catch(() => {})
  await breaker.execute(succeed).catch(() => {})

  await clock.advance(30_000)
  const hung = breaker.execute(() => new Promise(() => {})).catch(() => {})
  await clock.advance(1_000)
  await hung

  const outcomes = ['success', 'failure', 'timeout', 'aborted', 'stale', 'ignored']
  const counts = outcomes.map((outcome) => read(CIRCUIT_BREAKER_CALLS_TOTAL, outcome))
  expect(Object.fromEntries(outcomes.map((outcome, i) => [outcome, counts[i]]))).toEqual({
    success: 1,
    failure: 1,
    timeout: 1,
    aborted: 1,
    stale: 1,
    ignored: 0,
  })
  expect(read(CIRCUIT_BREAKER_REJECTED_TOTAL)).toBe(2)
})
