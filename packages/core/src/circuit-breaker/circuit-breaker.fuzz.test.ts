import fc from 'fast-check'
import { expect, test } from 'vitest'

import { createTestClock, type TestClock } from '../testing/test-clock.ts'
import type { CircuitBreaker, CircuitState } from './circuit-breaker.ts'
import { type CircuitBreakerSettings, createCircuitBreaker } from './create-circuit-breaker.ts'

type Settings = Omit<
  CircuitBreakerSettings,
  'name' | 'classify' | 'onStateChange' | 'clock' | 'logger'
>

type Outcome = 'success' | 'failure' | 'ignored'
type Step =
  | { do: 'start' }
  | { do: 'settle'; which: number; outcome: Outcome }
  | { do: 'abort'; which: number }
  | { do: 'advance'; ms: number }
  | { do: 'force-open' }
  | { do: 'reset' }
  | { do: 'restart' }

/** The breaker in as few lines as it can be said, without promises, timers or speed. */
class Model {
  state: CircuitState = 'closed'
  now = 0
  failures = 0
  successes = 0
  openings = 0
  probeAt = 0
  /** Calls under way that still count: a change of state empties it. */
  calls = new Map<number, { deadline: number; leaseEndsAt: number }>()
  /** Deadlines of calls that no longer count, but still end by their timeout. */
  stale = new Map<number, number>()

  readonly settings: Settings

  constructor(settings: Settings) {
    this.settings = settings
  }

  enter(state: CircuitState): void {
    for (const [id, { deadline }] of this.calls) this.stale.set(id, deadline)
    this.calls.clear()
    Object.assign(this, { state, failures: 0, successes: 0 })
  }

  open(forMs: number): void {
    this.enter('open')
    this.probeAt = this.now + forMs
    this.openings += 1
  }

  look(): CircuitState {
    return this.state === 'open' && this.now >= this.probeAt ? 'half-open' : this.state
  }

  start(id: number): boolean {
    if (this.look() !== this.state) this.enter(this.look())
    if (this.state === 'open') return false
    if (this.state === 'half-open') {
      for (const [other, { leaseEndsAt, deadline }] of this.calls) {
        if (leaseEndsAt >= this.now) continue
        this.calls.delete(other)
        this.stale.set(other, deadline)
      }
      if (this.calls.size >= this.settings.halfOpenMaxCalls) return false
    }
    this.calls.set(id, {
      deadline: this.now + (this.settings.callTimeoutMs ?? Infinity),
      leaseEndsAt: this.now + this.settings.probeLeaseMs,
    })
    return true
  }

  settle(id: number, outcome: Outcome): void {
    this.stale.delete(id)
    if (!this.calls.delete(id) || outcome === 'ignored') return
    const { failureThreshold, successThreshold, resetTimeoutMs } = this.settings
    const { resetTimeoutFactor, resetTimeoutMaxMs } = this.settings
    if (outcome === 'success') {
      this.failures = 0
      if (this.state === 'half-open') this.successes += 1
      if (this.successes < successThreshold) return
      this.enter('closed')
      this.openings = 0
      return
    }
    if (this.state === 'closed') this.failures += 1
    if (this.state === 'closed' && this.failures < failureThreshold) return
    this.open(Math.min(resetTimeoutMs * resetTimeoutFactor ** this.openings, resetTimeoutMaxMs))
  }

  advance(ms: number): number[] {
    const target = this.now + ms
    const timedOut = [...this.stale, ...[...this.calls].map(([id, c]) => [id, c.deadline] as const)]
      .filter(([, deadline]) => deadline <= target)
      .toSorted(([a, atA], [b, atB]) => atA - atB || a - b)
    for (const [id, deadline] of timedOut) {
      this.now = deadline
      this.settle(id, 'failure')
    }
    this.now = target
    return timedOut.map(([id]) => id)
  }
}

/** The real breaker, with every call's end in the test's hands. */
class Driver {
  readonly clock: TestClock
  readonly breaker: CircuitBreaker
  readonly ends = new Map<number, string>()
  readonly underWay = new Map<
    number,
    { resolve: (value: Outcome) => void; reject: (error: unknown) => void; abort: () => void }
  >()

  constructor(clock: TestClock, settings: Settings) {
    this.clock = clock
    this.breaker = createCircuitBreaker({
      ...settings,
      name: 'fuzz',
      clock,
      classify: (result) => {
        if (result.status === 'fulfilled') return result.value as Outcome
        return (result.reason as Error).message === 'ignored' ? 'ignored' : 'failure'
      },
    })
  }

  start(id: number): void {
    const controller = new AbortController()
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
    const abort = (): void => controller.abort(new Error('aborted'))
    this.breaker
      .execute(
        () => {
          this.underWay.set(id, { resolve, reject, abort })
          return promise
        },
        { signal: controller.signal },
      )
      .then(
        (outcome) => this.ends.set(id, outcome),
        (error: { code?: string; message: string }) =>
          this.ends.set(id, error.code ?? error.message),
      )
  }

  settle(id: number, outcome: Outcome): void {
    // Both ways to a verdict: by the value of a promise that resolves, by the error of one that rejects.
    if (outcome === 'success' || id % 2 === 0) this.underWay.get(id)?.resolve(outcome)
    else this.underWay.get(id)?.reject(new Error(outcome))
    this.underWay.delete(id)
  }
}

const durations = fc.constantFrom(1, 9, 10, 11, 49, 50, 51, 100, 400)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('start' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      which: fc.nat(9),
      outcome: fc.constantFrom<Outcome>('success', 'success', 'failure', 'failure', 'ignored'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat(9) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: durations }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'force-open' }, { do: 'reset' }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
)
const settings: fc.Arbitrary<Settings> = fc.record({
  failureThreshold: fc.integer({ min: 1, max: 4 }),
  successThreshold: fc.integer({ min: 1, max: 3 }),
  resetTimeoutMs: fc.constant(50),
  resetTimeoutFactor: fc.constantFrom(1, 2),
  resetTimeoutMaxMs: fc.constant(150),
  halfOpenMaxCalls: fc.integer({ min: 1, max: 3 }),
  probeLeaseMs: fc.constantFrom(10, 100),
  callTimeoutMs: fc.constantFrom(undefined, 10, 100),
})

/** Calls of either kind that have begun and not ended, oldest first: what a step may pick from. */
function pick(driver: Driver, which: number): number | undefined {
  const ids = [...driver.underWay.keys()]
  return ids[which % ids.length]
}

async function apply(step: Step, id: number, driver: Driver, model: Model): Promise<void> {
  switch (step.do) {
    case 'start':
      driver.start(id)
      await driver.clock.advance(0)
      expect(driver.underWay.has(id)).toBe(model.start(id))
      if (!driver.underWay.has(id)) expect(driver.ends.get(id)).toBe('CIRCUIT_OPEN')
      return
    case 'settle': {
      const chosen = pick(driver, step.which)
      if (chosen === undefined) return
      driver.settle(chosen, step.outcome)
      model.settle(chosen, step.outcome)
      await driver.clock.advance(0)
      expect(driver.ends.get(chosen)).toBe(step.outcome)
      return
    }
    case 'abort': {
      const chosen = pick(driver, step.which)
      if (chosen === undefined) return
      driver.underWay.get(chosen)?.abort()
      driver.underWay.delete(chosen)
      model.settle(chosen, 'ignored')
      await driver.clock.advance(0)
      expect(driver.ends.get(chosen)).toBe('aborted')
      return
    }
    case 'advance':
      await driver.clock.advance(step.ms)
      for (const timedOut of model.advance(step.ms)) {
        expect(driver.ends.get(timedOut)).toBe('CIRCUIT_CALL_TIMEOUT')
        driver.underWay.delete(timedOut)
      }
      return
    case 'force-open':
      driver.breaker.forceOpen()
      model.open(Infinity)
      return
    case 'reset':
      driver.breaker.reset()
      model.enter('closed')
      model.openings = 0
      return
    case 'restart': {
      driver.breaker.restore(JSON.parse(JSON.stringify(driver.breaker.snapshot())))
      const { failures, successes, probeAt } = model
      model.enter(model.look())
      Object.assign(model, { failures, successes, probeAt })
      return
    }
  }
}

test('agrees with a reference model over 120,000 random steps', { timeout: 120_000 }, async () => {
  let steps = 0
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.array(step, { minLength: 60, maxLength: 60 }),
      async (s, plan) => {
        const clock = createTestClock({ now: 1_000_000 })
        const driver = new Driver(clock, s)
        const model = new Model(s)
        for (const [id, step] of plan.entries()) {
          await apply(step, id, driver, model)
          steps += 1
          const { state, failures, successes, openings } = driver.breaker.snapshot()
          expect({ state, failures, successes, openings }).toEqual({
            state: model.look(),
            failures: model.failures,
            successes: model.successes,
            openings: model.openings,
          })
        }
      },
    ),
    { numRuns: 2_000, seed: 20261122 },
  )
  expect(steps).toBeGreaterThanOrEqual(100_000)
})
