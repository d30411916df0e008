import assert from 'node:assert/strict'

import {
  CIRCUIT_BREAKER_CALLS_TOTAL,
  CIRCUIT_BREAKER_REJECTED_TOTAL,
  CIRCUIT_BREAKER_STATE,
  CIRCUIT_BREAKER_TRIPS_TOTAL,
} from '../circuit-breaker/circuit-breaker-metrics.ts'
import type {
  CircuitBreaker,
  CircuitExecuteOptions,
  CircuitSnapshot,
  CircuitStateChange,
} from '../circuit-breaker/circuit-breaker.ts'
import type { CircuitBreakerOptions } from '../circuit-breaker/create-circuit-breaker.ts'
import { isAssayError } from '../errors/assay-error.ts'
import { type CollectableMetrics, createMetrics } from '../metrics/create-metrics.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** What a circuit breaker may be able to do beyond what every one must do. */
export const CIRCUIT_BREAKER_CAPABILITIES = [
  /** Counts failures in a row: a success starts the count again. */
  'consecutive-failures',
  /** Closes only after several successful probes. */
  'success-threshold',
  /** Admits several probes at once. */
  'several-probes',
  /** Gives the place of a hung probe to another, without a call timeout. */
  'probe-lease',
  /** Waits longer each time that a probe fails. */
  'reset-back-off',
  /** Stays half-open after a probe that says nothing about the dependency. */
  'neutral-probes',
  /** Ignores the timeout of a call that began before the circuit opened. */
  'stale-timeouts',
  /** Forgets failures when it is reset. */
  'reset-forgets-failures',
  /** Goes on where its snapshot was taken: failures counted, and time waited. */
  'exact-restore',
] as const

/** One of {@link CIRCUIT_BREAKER_CAPABILITIES}. */
export type CircuitBreakerCapability = (typeof CIRCUIT_BREAKER_CAPABILITIES)[number]

/** How the contract makes breakers and moves their time. */
export interface CircuitBreakerHarness {
  /**
   * Makes a breaker from the options of `createCircuitBreaker`, as far as it can express them. Where a
   * case sets no `callTimeoutMs`, there must be none.
   */
  readonly createBreaker: (options: Omit<CircuitBreakerOptions, 'clock'>) => CircuitBreaker
  /** Moves the time of every breaker made here, by milliseconds, and lets what became ready run. */
  readonly advance: (ms: number) => Promise<void>
}

/** One thing that every circuit breaker does, or every one with a capability. */
export interface CircuitBreakerContractCase {
  readonly name: string
  /** The capability without which the case does not apply. */
  readonly requires?: CircuitBreakerCapability | undefined
  /** @throws AssertionError when the breaker does not do it */
  readonly run: (harness: CircuitBreakerHarness) => Promise<void>
}

const RESET_MS = 30_000

/**
 * What every implementation of `CircuitBreaker` does, as data: run each case with any test runner, on
 * a harness of its own.
 *
 * @example
 * ```ts
 * import { createCircuitBreaker } from '@assay/core'
 * import { circuitBreakerContract, createTestClock } from '@assay/core/testing'
 *
 * for (const { run } of circuitBreakerContract) {
 *   const clock = createTestClock()
 *   await run({
 *     createBreaker: (options) => createCircuitBreaker({ ...options, clock }),
 *     advance: (ms) => clock.advance(ms),
 *   })
 * }
 * console.log(circuitBreakerContract.length > 30) // true
 * ```
 */
export const circuitBreakerContract: readonly CircuitBreakerContractCase[] = [
  // Calls

  {
    name: 'answers with what the work returned, asynchronous or not',
    async run({ createBreaker }) {
      const breaker = createBreaker({ name: 'rpc', failureThreshold: 1 })
      assert.equal(breaker.name, 'rpc')
      assert.equal(breaker.state, 'closed')
      const result = { some: 'result' }
      assert.equal(await breaker.execute(async () => result), result)
      assert.equal(await breaker.execute(() => 7), 7)
      assert.equal(await breaker.execute(() => undefined), undefined)
      assert.equal(await breaker.execute(() => null), null)
      assert.equal(breaker.state, 'closed')
    },
  },
  {
    name: 'passes on what the work threw, unchanged, synchronously or not',
    async run({ createBreaker }) {
      const breaker = createBreaker({ name: 'rpc', failureThreshold: 100 })
      for (const thrown of [new TypeError('bug'), 'a string', undefined, null]) {
        const throwing = (): never => {
          throw thrown
        }
        assert.equal(await thrownBy(breaker.execute(throwing)), thrown)
        assert.equal(await thrownBy(breaker.execute(async () => throwing())), thrown)
      }
    },
  },
  {
    name: 'opens at the failure threshold, before the caller hears of the failure',
    async run({ createBreaker }) {
      const breaker = createBreaker({ name: 'rpc', failureThreshold: 3 })
      await fail(breaker)
      await fail(breaker)
      assert.equal(breaker.state, 'closed')
      await fail(breaker)
      assert.equal(breaker.state, 'open')
    },
  },
  {
    name: 'rejects at once while open, without calling the work, and says when to come back',
    async run(harness) {
      const breaker = await createOpen(harness)
      await harness.advance(12_000)
      assert.equal(await rejectionOf(breaker), 18_000)
      assert.equal(breaker.state, 'open')
    },
  },
  {
    name: 'gives each call a signal of its own',
    async run({ createBreaker }) {
      const breaker = createBreaker({ name: 'rpc' })
      const [one, other] = await Promise.all([
        breaker.execute(({ signal }) => signal),
        breaker.execute(({ signal }) => signal),
      ])
      assert.notEqual(one, other)
      assert.equal(one.aborted, false)
    },
  },

  // The call timeout

  {
    name: 'ends a call at the call timeout, aborts the signal of that call alone, and counts a failure',
    async run({ createBreaker, advance }) {
      const breaker = createBreaker({ name: 'rpc', failureThreshold: 1, callTimeoutMs: 1_000 })
      const first = hang(breaker)
      await advance(600)
      const second = hang(breaker)
      await advance(400)

      const thrown = await thrownBy(first.answer)
      assert.ok(isAssayError(thrown, 'CIRCUIT_CALL_TIMEOUT'))
      assert.deepEqual(thrown.context, { circuit: 'rpc', callTimeoutMs: 1_000 })
      assert.equal(first.signal?.reason, thrown)
      assert.equal(breaker.state, 'open')
      assert.equal(second.signal?.aborted, false)
      second.resolve('late')
      assert.equal(await second.answer, 'late')
    },
  },
  {
    name: 'leaves the signal alone once a call has ended',
    async run({ createBreaker, advance }) {
      const breaker = createBreaker({ name: 'rpc', callTimeoutMs: 1_000 })
      const signal = await breaker.execute((call) => call.signal)
      await advance(2_000)
      assert.equal(signal.aborted, false)
      assert.equal(breaker.state, 'closed')
    },
  },

  // The caller's signal

  {
    name: 'ends a call at once when its caller gives up, and takes that for no failure',
    async run({ createBreaker }) {
      const breaker = createBreaker({ name: 'rpc', failureThreshold: 1 })
      const controller = new AbortController()
      const call = hang(breaker, { signal: controller.signal })
      const reason = new Error('user left')
      controller.abort(reason)
      assert.equal(await thrownBy(call.answer), reason)
      assert.equal(call.signal?.reason, reason)
      assert.equal(breaker.state, 'closed')
    },
  },
  {
    name: 'never starts the work of a caller who has given up before',
    async run({ createBreaker }) {
      const breaker = createBreaker({ name: 'rpc' })
      const reason = new Error('user left')
      const call = hang(breaker, { signal: AbortSignal.abort(reason) })
      assert.equal(await thrownBy(call.answer), reason)
      assert.equal(call.isStarted, false)
    },
  },

  // Half-open

  {
    name: 'is half-open from the moment that the reset timeout has passed',
    async run(harness) {
      const breaker = await createOpen(harness)
      await harness.advance(RESET_MS - 1)
      assert.equal(breaker.state, 'open')
      await harness.advance(1)
      assert.equal(breaker.state, 'half-open')
    },
  },
  {
    name: 'admits one probe and rejects the second at once',
    async run(harness) {
      const breaker = await createHalfOpen(harness)
      const probe = hang(breaker)
      assert.equal(probe.isStarted, true)
      // It may end at any moment.
      assert.equal(await rejectionOf(breaker), 0)
      assert.equal(breaker.state, 'half-open')
      probe.resolve('ok')
      assert.equal(await probe.answer, 'ok')
    },
  },
  {
    name: 'closes when a probe succeeds, before the caller hears of it',
    async run(harness) {
      const breaker = await createHalfOpen(harness)
      assert.equal(await succeed(breaker), 'ok')
      assert.equal(breaker.state, 'closed')
      assert.equal(await succeed(breaker), 'ok')
    },
  },
  {
    name: 'reopens when a probe fails, for a whole reset timeout',
    async run(harness) {
      const breaker = await createHalfOpen(harness)
      await fail(breaker)
      assert.equal(breaker.state, 'open')
      assert.equal(await rejectionOf(breaker), RESET_MS)
      await harness.advance(RESET_MS - 1)
      assert.equal(breaker.state, 'open')
      await harness.advance(1)
      assert.equal(breaker.state, 'half-open')
    },
  },
  {
    name: 'reopens when a probe reaches the call timeout',
    async run(harness) {
      const breaker = await createHalfOpen(harness, { callTimeoutMs: 1_000 })
      const probe = hang(breaker)
      await harness.advance(1_000)
      assert.ok(isAssayError(await thrownBy(probe.answer), 'CIRCUIT_CALL_TIMEOUT'))
      assert.equal(breaker.state, 'open')
    },
  },

  // Calls from before the last change of state

  {
    name: 'a success from before the circuit opened answers its caller and does not close it',
    async run(harness) {
      const [breaker, late] = await createWithCallUnderWay(harness)
      await harness.advance(RESET_MS)
      late.resolve('late')
      assert.equal(await late.answer, 'late')
      assert.equal(breaker.state, 'half-open')
      await fail(breaker)
      await harness.advance(0)
      assert.equal(breaker.state, 'open')
    },
  },
  {
    name: 'a failure from before the circuit opened answers its caller and does not reopen it',
    async run(harness) {
      const [breaker, late] = await createWithCallUnderWay(harness)
      await harness.advance(RESET_MS)
      const error = new Error('late')
      late.reject(error)
      assert.equal(await thrownBy(late.answer), error)
      assert.equal(breaker.state, 'half-open')
      await succeed(breaker)
      await harness.advance(0)
      assert.equal(breaker.state, 'closed')
    },
  },
  {
    name: 'a caller who gives up a call from before the circuit opened changes nothing',
    async run(harness) {
      const controller = new AbortController()
      const [breaker, late] = await createWithCallUnderWay(harness, { signal: controller.signal })
      await harness.advance(RESET_MS)
      controller.abort()
      await thrownBy(late.answer)
      assert.equal(breaker.state, 'half-open')
    },
  },
  {
    name: 'results from before the circuit opened do not matter while it is open or closed again',
    async run(harness) {
      const [breaker, late] = await createWithCallUnderWay(harness)
      const later = await createWithCallUnderWay(harness)
      late.resolve('late')
      await late.answer
      assert.equal(breaker.state, 'open')

      await harness.advance(RESET_MS)
      await succeed(later[0])
      later[1].reject(new Error('late'))
      await thrownBy(later[1].answer)
      assert.equal(later[0].state, 'closed')
    },
  },
  {
    name: 'a probe from before the operator stepped in does not matter',
    async run(harness) {
      const breaker = await createHalfOpen(harness)
      const probe = hang(breaker)
      breaker.forceOpen()
      probe.resolve('ok')
      assert.equal(await probe.answer, 'ok')
      assert.equal(breaker.state, 'open')
    },
  },

  // The operator

  {
    name: 'forceOpen keeps it open until reset, however long that takes',
    async run({ createBreaker, advance }) {
      const breaker = createBreaker({ name: 'rpc', resetTimeoutMs: RESET_MS })
      breaker.forceOpen()
      assert.equal(breaker.state, 'open')
      await advance(10 * RESET_MS)
      assert.equal(breaker.state, 'open')
      assert.equal(await rejectionOf(breaker), RESET_MS)
      breaker.reset()
      assert.equal(breaker.state, 'closed')
      assert.equal(await succeed(breaker), 'ok')
    },
  },
  {
    name: 'forceOpen and reset work from every state',
    async run(harness) {
      const open = await createOpen(harness)
      const halfOpen = await createHalfOpen(harness)
      for (const breaker of [open, halfOpen]) {
        breaker.forceOpen()
        await harness.advance(2 * RESET_MS)
        assert.equal(breaker.state, 'open')
        breaker.reset()
        breaker.reset()
        assert.equal(breaker.state, 'closed')
        await harness.advance(2 * RESET_MS)
        assert.equal(await succeed(breaker), 'ok')
      }
    },
  },

  // Snapshots

  {
    name: 'restores a closed, an open and a forced circuit from JSON',
    async run(harness) {
      const closed = harness.createBreaker({ name: 'rpc', resetTimeoutMs: RESET_MS })
      const forced = harness.createBreaker({ name: 'rpc', resetTimeoutMs: RESET_MS })
      forced.forceOpen()
      const open = await createOpen(harness)

      const breaker = harness.createBreaker({ name: 'rpc', resetTimeoutMs: RESET_MS })
      breaker.restore({ ...asStored(open), openings: 3 })
      assert.equal(breaker.state, 'open')
      assert.equal(breaker.snapshot().openings, 3)
      breaker.restore(asStored(closed))
      assert.equal(breaker.state, 'closed')
      assert.equal(await succeed(breaker), 'ok')
      breaker.restore(asStored(forced))
      await harness.advance(2 * RESET_MS)
      assert.equal(breaker.state, 'open')
      assert.deepEqual(asStored(breaker), asStored(forced))
      breaker.reset()
      assert.equal(breaker.state, 'closed')
    },
  },
  {
    name: 'says in its snapshot when an open circuit admits probes',
    async run(harness) {
      const breaker = await createOpen(harness)
      const { state, probeAt, openings, forced } = breaker.snapshot()
      assert.deepEqual({ state, openings, forced }, { state: 'open', openings: 1, forced: false })
      await harness.advance(10_000)
      assert.equal(breaker.snapshot().probeAt, probeAt)
      breaker.reset()
      assert.equal(breaker.snapshot().probeAt, null)
      assert.equal(breaker.snapshot().openings, 0)
    },
  },
  {
    name: 'refuses what is no snapshot, and stays as it is',
    async run(harness) {
      const breaker = await createOpen(harness)
      const valid = asStored(harness.createBreaker({ name: 'rpc' }))
      const invalid = [null, 'open', {}, { ...valid, state: 'ajar' }, { ...valid, openings: -1 }]
      for (const snapshot of invalid) {
        assert.throws(
          () => breaker.restore(snapshot as CircuitSnapshot),
          (error: unknown) => isAssayError(error, 'CIRCUIT_SNAPSHOT_INVALID'),
        )
      }
      assert.equal(breaker.state, 'open')
    },
  },

  // What a result says

  {
    name: 'takes a result for a failure where the classifier says so, and still answers with it',
    async run({ createBreaker }) {
      const breaker = createBreaker({
        name: 'rpc',
        failureThreshold: 1,
        classify: (result) => (result.status === 'fulfilled' ? 'failure' : 'success'),
      })
      const notFound = new Error('404')
      assert.equal(await thrownBy(breaker.execute(() => Promise.reject(notFound))), notFound)
      assert.equal(breaker.state, 'closed')
      assert.equal(await breaker.execute(() => 503), 503)
      assert.equal(breaker.state, 'open')
    },
  },
  {
    name: 'the rejection of another circuit further down is no failure',
    async run({ createBreaker }) {
      const inner = createBreaker({ name: 'inner' })
      inner.forceOpen()
      const outer = createBreaker({ name: 'outer', failureThreshold: 1 })
      const thrown = await thrownBy(outer.execute(() => succeed(inner)))
      assert.ok(isAssayError(thrown, 'CIRCUIT_OPEN'))
      assert.equal(thrown.context['circuit'], 'inner')
      assert.equal(outer.state, 'closed')
    },
  },

  // Listeners, metrics, logs

  {
    name: 'tells of each change of state, with its reason',
    async run({ createBreaker, advance }) {
      const changes: CircuitStateChange[] = []
      const breaker = createBreaker({
        name: 'rpc',
        failureThreshold: 1,
        successThreshold: 1,
        resetTimeoutMs: RESET_MS,
        onStateChange: (change) => void changes.push(change),
      })
      await fail(breaker)
      await advance(RESET_MS)
      await fail(breaker)
      await advance(RESET_MS)
      await succeed(breaker)
      breaker.forceOpen()
      breaker.reset()
      breaker.reset()
      breaker.restore({ ...breaker.snapshot(), state: 'open', forced: true })

      assert.deepEqual(
        changes.map(({ name, from, to, reason }) => `${name}: ${from} to ${to}, ${reason}`),
        [
          'rpc: closed to open, failure-threshold-reached',
          'rpc: open to half-open, reset-timeout-passed',
          'rpc: half-open to open, probe-failed',
          'rpc: open to half-open, reset-timeout-passed',
          'rpc: half-open to closed, success-threshold-reached',
          'rpc: closed to open, forced-open',
          'rpc: open to closed, reset',
          'rpc: closed to open, restored',
        ],
      )
      const times = changes.map(({ at }) => at - (changes[0]?.at ?? 0))
      assert.deepEqual(times.slice(2, 4), [RESET_MS, 2 * RESET_MS])
    },
  },
  {
    name: 'a listener, classifier, metric and logger that throw change no outcome',
    async run({ createBreaker, advance }) {
      const throwing = (): never => {
        throw new Error('broken observer')
      }
      const breaker = createBreaker({
        name: 'rpc',
        failureThreshold: 1,
        successThreshold: 1,
        resetTimeoutMs: RESET_MS,
        classify: throwing,
        onStateChange: throwing,
        metrics: metricsWhoseCountersThrow(throwing),
        logger: { debug: throwing, info: throwing, warn: throwing, error: throwing },
      })
      assert.equal(await succeed(breaker), 'ok')
      await fail(breaker)
      assert.equal(breaker.state, 'open')
      await rejectionOf(breaker)
      await advance(RESET_MS)
      assert.equal(await succeed(breaker), 'ok')
      breaker.forceOpen()
      breaker.reset()
      assert.equal(breaker.state, 'closed')
    },
  },
  {
    name: 'a listener that rejects changes no outcome',
    async run({ createBreaker }) {
      const errors: object[] = []
      const breaker = createBreaker({
        name: 'rpc',
        onStateChange: () => Promise.reject(new Error('broken')),
        logger: { debug() {}, info() {}, warn() {}, error: (facts) => void errors.push(facts) },
      })
      breaker.forceOpen()
      breaker.reset()
      assert.equal(await succeed(breaker), 'ok')
      assert.equal(errors.length, 2)
    },
  },
  {
    name: 'counts calls by outcome, rejections and openings, and shows the state',
    async run({ createBreaker, advance }) {
      const metrics = createMetrics()
      const breaker = createBreaker({
        name: 'rpc',
        failureThreshold: 1,
        successThreshold: 1,
        resetTimeoutMs: RESET_MS,
        callTimeoutMs: 1_000,
        metrics,
      })
      await succeed(breaker)
      const controller = new AbortController()
      const aborted = hang(breaker, { signal: controller.signal })
      controller.abort()
      await thrownBy(aborted.answer)
      const stale = hang(breaker)
      await fail(breaker)
      stale.resolve('late')
      await stale.answer
      await rejectionOf(breaker)
      assert.equal(valueOf(metrics, CIRCUIT_BREAKER_STATE), 1)

      await advance(RESET_MS)
      assert.equal(valueOf(metrics, CIRCUIT_BREAKER_STATE), 2)
      const hung = hang(breaker)
      await advance(1_000)
      await thrownBy(hung.answer)
      breaker.reset()
      assert.equal(valueOf(metrics, CIRCUIT_BREAKER_STATE), 0)

      const outcomes = ['success', 'failure', 'timeout', 'aborted', 'stale', 'ignored']
      assert.deepEqual(
        outcomes.map((outcome) => valueOf(metrics, CIRCUIT_BREAKER_CALLS_TOTAL, outcome)),
        [1, 1, 1, 1, 1, 0],
      )
      assert.equal(valueOf(metrics, CIRCUIT_BREAKER_REJECTED_TOTAL), 1)
      assert.equal(valueOf(metrics, CIRCUIT_BREAKER_TRIPS_TOTAL), 2)
    },
  },

  // Capabilities

  {
    name: 'a success starts the count of failures again',
    requires: 'consecutive-failures',
    async run({ createBreaker }) {
      const breaker = createBreaker({ name: 'rpc', failureThreshold: 3 })
      for (let round = 0; round < 3; round += 1) {
        await fail(breaker)
        await fail(breaker)
        await succeed(breaker)
      }
      assert.equal(breaker.state, 'closed')
    },
  },
  {
    name: 'closes only after several successful probes',
    requires: 'success-threshold',
    async run(harness) {
      const breaker = await createHalfOpen(harness, { successThreshold: 3 })
      await succeed(breaker)
      await succeed(breaker)
      assert.equal(breaker.state, 'half-open')
      await succeed(breaker)
      assert.equal(breaker.state, 'closed')
    },
  },
  {
    name: 'admits as many probes at once as it was told',
    requires: 'several-probes',
    async run(harness) {
      const breaker = await createHalfOpen(harness, { halfOpenMaxCalls: 2 })
      const probes = [hang(breaker), hang(breaker), hang(breaker)]
      assert.deepEqual(
        probes.map((probe) => probe.isStarted),
        [true, true, false],
      )
    },
  },
  {
    name: 'a hung probe loses its place when its lease runs out',
    requires: 'probe-lease',
    async run(harness) {
      const breaker = await createHalfOpen(harness, { probeLeaseMs: 1_000 })
      hang(breaker)
      await harness.advance(1_001)
      await assert.doesNotReject(succeed(breaker))
    },
  },
  {
    name: 'waits longer each time that a probe fails',
    requires: 'reset-back-off',
    async run(harness) {
      const breaker = await createHalfOpen(harness, { resetTimeoutFactor: 2 })
      await fail(breaker)
      await harness.advance(RESET_MS)
      assert.equal(breaker.state, 'open')
      await harness.advance(RESET_MS)
      assert.equal(breaker.state, 'half-open')
    },
  },
  {
    name: 'a caller who gives up a probe leaves the circuit half-open, and the place free',
    requires: 'neutral-probes',
    async run(harness) {
      const breaker = await createHalfOpen(harness)
      const controller = new AbortController()
      const probe = hang(breaker, { signal: controller.signal })
      controller.abort()
      await thrownBy(probe.answer)
      assert.equal(breaker.state, 'half-open')
      assert.equal(await succeed(breaker), 'ok')
    },
  },
  {
    name: 'a probe that the classifier ignores leaves the circuit half-open, and the place free',
    requires: 'neutral-probes',
    async run(harness) {
      let isIgnoring = false
      const breaker = await createHalfOpen(harness, {
        classify: ({ status }) => {
          if (isIgnoring) return 'ignored'
          return status === 'fulfilled' ? 'success' : 'failure'
        },
      })
      isIgnoring = true
      await succeed(breaker)
      assert.equal(breaker.state, 'half-open')
      isIgnoring = false
      await succeed(breaker)
      assert.equal(breaker.state, 'closed')
    },
  },
  {
    name: 'a call from before the circuit opened reaches its timeout and does not reopen it',
    requires: 'stale-timeouts',
    async run({ createBreaker, advance }) {
      const breaker = createBreaker({
        name: 'rpc',
        failureThreshold: 1,
        resetTimeoutMs: 1_000,
        callTimeoutMs: 2_000,
      })
      const late = hang(breaker)
      await fail(breaker)
      await advance(2_000)
      assert.ok(isAssayError(await thrownBy(late.answer), 'CIRCUIT_CALL_TIMEOUT'))
      assert.equal(breaker.state, 'half-open')
    },
  },
  {
    name: 'a reset forgets the failures before it',
    requires: 'reset-forgets-failures',
    async run({ createBreaker }) {
      const breaker = createBreaker({ name: 'rpc', failureThreshold: 3 })
      for (let i = 0; i < 3; i += 1) await fail(breaker)
      breaker.reset()
      await fail(breaker)
      assert.equal(breaker.state, 'closed')
    },
  },
  {
    name: 'goes on counting failures where the snapshot was taken',
    requires: 'exact-restore',
    async run({ createBreaker }) {
      const before = createBreaker({ name: 'rpc', failureThreshold: 3 })
      await fail(before)
      await fail(before)
      const after = createBreaker({ name: 'rpc', failureThreshold: 3 })
      after.restore(asStored(before))
      await fail(after)
      assert.equal(after.state, 'open')
    },
  },
  {
    name: 'counts the time that passed before and after the snapshot was taken',
    requires: 'exact-restore',
    async run(harness) {
      const before = await createOpen(harness)
      await harness.advance(10_000)
      const stored = asStored(before)
      await harness.advance(10_000)
      const after = harness.createBreaker({ name: 'rpc', resetTimeoutMs: RESET_MS })
      after.restore(stored)
      await harness.advance(9_999)
      assert.equal(after.state, 'open')
      await harness.advance(1)
      assert.equal(after.state, 'half-open')
    },
  },
]

type ContractOptions = Partial<Omit<CircuitBreakerOptions, 'clock'>>

async function createOpen(
  { createBreaker }: CircuitBreakerHarness,
  options: ContractOptions = {},
): Promise<CircuitBreaker> {
  const breaker = createBreaker({
    name: 'rpc',
    failureThreshold: 1,
    successThreshold: 1,
    resetTimeoutMs: RESET_MS,
    ...options,
  })
  await fail(breaker)
  assert.equal(breaker.state, 'open')
  return breaker
}

async function createHalfOpen(
  harness: CircuitBreakerHarness,
  options?: ContractOptions,
): Promise<CircuitBreaker> {
  const breaker = await createOpen(harness, options)
  await harness.advance(RESET_MS)
  assert.equal(breaker.state, 'half-open')
  return breaker
}

/** An open circuit with a call that began while it was closed. */
async function createWithCallUnderWay(
  { createBreaker }: CircuitBreakerHarness,
  options?: CircuitExecuteOptions,
): Promise<[CircuitBreaker, HungCall]> {
  const breaker = createBreaker({
    name: 'rpc',
    failureThreshold: 1,
    successThreshold: 1,
    resetTimeoutMs: RESET_MS,
  })
  const call = hang(breaker, options)
  await fail(breaker)
  assert.equal(breaker.state, 'open')
  return [breaker, call]
}

function succeed(breaker: CircuitBreaker): Promise<string> {
  return breaker.execute(async () => 'ok')
}

async function fail(breaker: CircuitBreaker): Promise<void> {
  const error = new Error('down')
  assert.equal(await thrownBy(breaker.execute(() => Promise.reject(error))), error)
}

/** Requires a rejection of the circuit's own, and returns after how many milliseconds to retry. */
async function rejectionOf(breaker: CircuitBreaker): Promise<number> {
  let isStarted = false
  const thrown = await thrownBy(breaker.execute(() => void (isStarted = true)))
  assert.ok(isAssayError(thrown, 'CIRCUIT_OPEN'))
  assert.equal(isStarted, false)
  const { circuit, retryAfterMs } = thrown.context
  assert.equal(circuit, breaker.name)
  assert.equal('retryAfterMs' in thrown && thrown.retryAfterMs, retryAfterMs)
  return Number(retryAfterMs)
}

/** A call that ends when the case says so. */
interface HungCall {
  readonly answer: Promise<string>
  readonly isStarted: boolean
  readonly signal: AbortSignal | undefined
  resolve(value: string): void
  reject(error: Error): void
}

function hang(breaker: CircuitBreaker, options?: CircuitExecuteOptions): HungCall {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let signal: AbortSignal | undefined
  const answer = breaker.execute((call) => {
    signal = call.signal
    return promise
  }, options)
  // A case may leave it unfinished, or look at its rejection only later.
  answer.catch(() => {})
  return {
    answer,
    get isStarted() {
      return signal !== undefined
    },
    get signal() {
      return signal
    },
    resolve,
    reject,
  }
}

async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  return assert.fail('The call was expected to reject.')
}

function asStored(breaker: CircuitBreaker): CircuitSnapshot {
  return JSON.parse(JSON.stringify(breaker.snapshot())) as CircuitSnapshot
}

function metricsWhoseCountersThrow(throwing: () => never): Metrics {
  return { ...createMetrics(), counter: () => ({ labels: () => ({ inc: throwing }) }) }
}

function valueOf(metrics: CollectableMetrics, name: string, outcome?: string): number | undefined {
  const family = metrics.collect().find((family) => family.name === name)
  const series = family?.series.find(
    ({ labels }) => outcome === undefined || labels['outcome'] === outcome,
  )
  return series !== undefined && 'value' in series ? series.value : undefined
}
