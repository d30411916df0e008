import { isAssayError } from '../errors/assay-error.ts'
import type { CounterSeries, Metrics } from '../metrics/metrics.ts'
import { assertCircuitSnapshot } from './assert-circuit-snapshot.ts'
import { runBounded, start, unboundedCall } from './bounded-call.ts'
import {
  type CircuitBreakerSeries,
  type CircuitCallOutcome,
  createCircuitBreakerSeries,
} from './circuit-breaker-metrics.ts'
import type {
  CircuitBreaker,
  CircuitExecuteOptions,
  CircuitSnapshot,
  CircuitState,
  CircuitStateChangeReason,
  CircuitWork,
} from './circuit-breaker.ts'
import { announceChange, countOne, judgeCall } from './circuit-bystanders.ts'
import { CircuitCallTimeoutError } from './circuit-call-timeout-error.ts'
import { createCircuitOpenError } from './circuit-open-error.ts'
import type { CircuitBreakerSettings } from './create-circuit-breaker.ts'

/** A probe that holds one of the half-open places until it ends or its lease runs out. */
interface Probe {
  readonly leaseEndsAt: number
}

/** A circuit that an operator opened admits no probe, however long it waits. */
const NEVER = Number.POSITIVE_INFINITY

/**
 * The state machine behind `createCircuitBreaker`. It is a class because a host may hold thousands
 * of breakers, which then share one prototype; the factory is the way in.
 *
 * All times in here are monotonic milliseconds.
 */
export class CircuitBreakerEngine implements CircuitBreaker {
  readonly #settings: CircuitBreakerSettings
  readonly #series: CircuitBreakerSeries | undefined

  /** `open` until someone asks after `#probeAt`: the change to `half-open` needs no timer. */
  #state: CircuitState = 'closed'
  /** Grows with each change of state; a call that began in an older epoch counts for nothing. */
  #epoch = 0
  #failures = 0
  #successes = 0
  #openings = 0
  #probeAt = 0
  #probes: Probe[] | undefined

  constructor(settings: CircuitBreakerSettings, metrics: Metrics | undefined) {
    this.#settings = settings
    this.#series = metrics && createCircuitBreakerSeries(metrics, settings.name, () => this.state)
  }

  get name(): string {
    return this.#settings.name
  }

  get state(): CircuitState {
    return this.#state === 'open' && this.#settings.clock.monotonic() >= this.#probeAt
      ? 'half-open'
      : this.#state
  }

  execute<Result>(work: CircuitWork<Result>, options?: CircuitExecuteOptions): Promise<Result> {
    const signal = options?.signal
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    if (this.#state === 'open') this.#halfOpenWhenDue()
    if (this.#state === 'closed') return this.#run(work, signal, undefined)

    const probe = this.#state === 'half-open' ? this.#admitProbe() : undefined
    return probe === undefined ? this.#rejectCall() : this.#run(work, signal, probe)
  }

  forceOpen(): void {
    this.#open(NEVER, 'forced-open')
  }

  reset(): void {
    this.#close('reset')
  }

  snapshot(): CircuitSnapshot {
    const { clock } = this.#settings
    const state = this.state
    const isForced = this.#state === 'open' && this.#probeAt === NEVER
    return {
      state,
      failures: this.#failures,
      successes: this.#successes,
      probeAt:
        state === 'open' && !isForced ? clock.now() + this.#probeAt - clock.monotonic() : null,
      openings: this.#openings,
      forced: isForced,
    }
  }

  restore(snapshot: CircuitSnapshot): void {
    assertCircuitSnapshot(snapshot)
    const { clock, resetTimeoutMaxMs } = this.#settings
    const from = this.state
    // A clock that was set back since must not keep the circuit open for longer than it ever would.
    const remainingMs = Math.min((snapshot.probeAt ?? 0) - clock.now(), resetTimeoutMaxMs)

    this.#enter(snapshot.state)
    this.#failures = snapshot.failures
    this.#successes = snapshot.successes
    this.#openings = snapshot.openings
    this.#probeAt = snapshot.forced ? NEVER : clock.monotonic() + remainingMs
    this.#announce(from, 'restored')
  }

  // Calls

  #run<Result>(
    work: CircuitWork<Result>,
    signal: AbortSignal | undefined,
    probe: Probe | undefined,
  ): Promise<Result> {
    const epoch = this.#epoch
    // Two handlers are measurably cheaper here than an asynchronous function with try and catch.
    return this.#start(work, signal).then(
      (result) => {
        this.#settle(epoch, probe, this.#judgeResult(result))
        return result
      },
      (error: unknown) => {
        this.#settle(epoch, probe, this.#judgeError(error, signal))
        throw error
      },
    )
  }

  #start<Result>(work: CircuitWork<Result>, signal: AbortSignal | undefined): Promise<Result> {
    if (signal !== undefined || this.#settings.callTimeoutMs !== undefined) {
      return this.#runBounded(work, signal)
    }
    return start(work, unboundedCall)
  }

  #runBounded<Result>(work: CircuitWork<Result>, signal: AbortSignal | undefined): Promise<Result> {
    const { name, clock, callTimeoutMs } = this.#settings
    return runBounded(work, {
      clock,
      signal,
      timeoutMs: callTimeoutMs,
      createTimeoutError: () => new CircuitCallTimeoutError(name, callTimeoutMs ?? 0),
    })
  }

  #judgeResult(value: unknown): CircuitCallOutcome {
    if (this.#settings.classify === undefined) return 'success'
    return judgeCall(this.#settings, this.name, { status: 'fulfilled', value })
  }

  #judgeError(reason: unknown, signal: AbortSignal | undefined): CircuitCallOutcome {
    if (signal?.aborted === true) return 'aborted'
    const verdict = judgeCall(this.#settings, this.name, { status: 'rejected', reason })
    return verdict === 'failure' && this.#isOwnTimeout(reason) ? 'timeout' : verdict
  }

  /** A breaker further down has timeouts too. */
  #isOwnTimeout(error: unknown): boolean {
    return isAssayError(error, 'CIRCUIT_CALL_TIMEOUT') && error.context['circuit'] === this.name
  }

  #settle(epoch: number, probe: Probe | undefined, outcome: CircuitCallOutcome): void {
    const counts = epoch === this.#epoch && (probe === undefined || this.#endProbe(probe))
    this.#count(this.#series?.calls[counts ? outcome : 'stale'])
    if (!counts || outcome === 'ignored' || outcome === 'aborted') return
    if (outcome === 'success') this.#succeed()
    else this.#fail()
  }

  #succeed(): void {
    this.#failures = 0
    if (this.#state === 'closed') return
    this.#successes += 1
    if (this.#successes >= this.#settings.successThreshold) this.#close('success-threshold-reached')
  }

  #fail(): void {
    if (this.#state !== 'closed') {
      this.#open(this.#resetTimeoutMs(), 'probe-failed')
      return
    }
    this.#failures += 1
    if (this.#failures >= this.#settings.failureThreshold) {
      this.#open(this.#resetTimeoutMs(), 'failure-threshold-reached')
    }
  }

  // Probes

  #halfOpenWhenDue(): void {
    if (this.#settings.clock.monotonic() < this.#probeAt) return
    this.#enter('half-open')
    this.#announce('open', 'reset-timeout-passed')
  }

  #admitProbe(): Probe | undefined {
    const { clock, halfOpenMaxCalls, probeLeaseMs } = this.#settings
    const now = clock.monotonic()
    this.#probes = this.#probes?.filter((probe) => probe.leaseEndsAt >= now) ?? []
    if (this.#probes.length >= halfOpenMaxCalls) return undefined

    const probe: Probe = { leaseEndsAt: now + probeLeaseMs }
    this.#probes.push(probe)
    return probe
  }

  /** Gives the place of a probe back. `false` when its lease had run out and its place was taken. */
  #endProbe(probe: Probe): boolean {
    const index = this.#probes?.indexOf(probe) ?? -1
    if (index === -1) return false
    this.#probes?.splice(index, 1)
    return true
  }

  #rejectCall(): Promise<never> {
    this.#count(this.#series?.rejected)
    return Promise.reject(createCircuitOpenError(this.name, this.#retryAfterMs()))
  }

  #retryAfterMs(): number {
    const { clock, resetTimeoutMs } = this.#settings
    // Only an operator ends a forced opening; asking again after a reset timeout is as good as any.
    if (this.#probeAt === NEVER) return resetTimeoutMs
    // While half-open, a probe may end at any moment, and then the next call passes.
    return this.#state === 'open' ? this.#probeAt - clock.monotonic() : 0
  }

  // Changes of state

  #resetTimeoutMs(): number {
    const { resetTimeoutMs, resetTimeoutFactor, resetTimeoutMaxMs } = this.#settings
    return Math.min(resetTimeoutMs * resetTimeoutFactor ** this.#openings, resetTimeoutMaxMs)
  }

  #open(forMs: number, reason: CircuitStateChangeReason): void {
    const from = this.state
    this.#enter('open')
    this.#probeAt = this.#settings.clock.monotonic() + forMs
    this.#openings += 1
    if (from !== 'open') this.#count(this.#series?.trips)
    this.#announce(from, reason)
  }

  #close(reason: CircuitStateChangeReason): void {
    const from = this.state
    this.#enter('closed')
    this.#openings = 0
    this.#announce(from, reason)
  }

  #enter(state: CircuitState): void {
    this.#state = state
    this.#epoch += 1
    this.#failures = 0
    this.#successes = 0
    this.#probes = undefined
  }

  #announce(from: CircuitState, reason: CircuitStateChangeReason): void {
    const { name, clock, onStateChange } = this.#settings
    const to = this.state
    if (onStateChange === undefined || from === to) return
    announceChange(this.#settings, { name, from, to, reason, at: clock.now() })
  }

  #count(series: CounterSeries | undefined): void {
    if (series !== undefined) countOne(this.#settings, this.name, series)
  }
}
