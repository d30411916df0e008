import { assertCircuitSnapshot } from '../circuit-breaker/assert-circuit-snapshot.ts'
import {
  type CircuitBreakerSeries,
  type CircuitCallOutcome,
  createCircuitBreakerSeries,
} from '../circuit-breaker/circuit-breaker-metrics.ts'
import type {
  CircuitBreaker,
  CircuitExecuteOptions,
  CircuitSnapshot,
  CircuitState,
  CircuitStateChangeReason,
  CircuitWork,
} from '../circuit-breaker/circuit-breaker.ts'
import {
  announceChange,
  countOne,
  judgeCall,
  logFault,
} from '../circuit-breaker/circuit-bystanders.ts'
import { CircuitCallTimeoutError } from '../circuit-breaker/circuit-call-timeout-error.ts'
import { createCircuitOpenError } from '../circuit-breaker/circuit-open-error.ts'
import type { CounterSeries } from '../metrics/metrics.ts'
import { systemClock } from '../runtime/clock.ts'
import type { OpossumCircuitBreakerOptions } from './create-opossum-circuit-breaker.ts'
import { isolateListeners } from './isolate-listeners.ts'
import type { OpossumBreaker, OpossumInternals } from './opossum-breaker.ts'
import { runWork } from './run-work.ts'

/** A call under way. */
interface Call {
  readonly epoch: number
  /** Of this call alone; opossum's own is shared by all calls. */
  readonly controller: AbortController
  /** Known before the work has ended when opossum's timeout ended the call. */
  outcome: CircuitCallOutcome | undefined
}

/** What opossum is told about a call: it takes a rejection for a failure, and the rest for success. */
type Report = PromiseWithResolvers<unknown>

/**
 * The adapter behind `createOpossumCircuitBreaker`. Opossum decides when to open, half-open and close;
 * the adapter decides what opossum hears of a call, and what the caller hears of it.
 *
 * Opossum reads the host's clock and sets the host's timers, so the system clock is the only one that
 * agrees with it.
 */
export class OpossumCircuitBreaker implements CircuitBreaker {
  readonly #breaker: OpossumBreaker & OpossumInternals
  readonly #options: OpossumCircuitBreakerOptions
  readonly #series: CircuitBreakerSeries | undefined

  /** By the function that opossum was fired with, which it names when a call times out. */
  readonly #calls = new Map<unknown, Call>()
  /** What opossum must not hear while it is half-open. */
  readonly #held: (() => void)[] = []
  /** Grows with each change of opossum's state; a call that began in an older epoch is stale. */
  #epoch = 0
  /** Opossum would half-open by itself, so the operator's word is kept here. */
  #isForced = false
  /** Monotonic milliseconds. */
  #probeAt = 0
  #openings = 0
  #announced: CircuitState
  /** Why opossum is changing its state, where the adapter made it do so. */
  #reason: CircuitStateChangeReason | undefined

  constructor(breaker: OpossumBreaker & OpossumInternals, options: OpossumCircuitBreakerOptions) {
    this.#breaker = breaker
    this.#options = options
    this.#announced = this.state
    // When a breaker opened that was open before, nobody knows; this is the latest it can half-open.
    this.#probeAt = this.#nextProbeAt()
    this.#series =
      options.metrics && createCircuitBreakerSeries(options.metrics, this.name, () => this.state)
    this.#listen()
  }

  get name(): string {
    return this.#breaker.name
  }

  get state(): CircuitState {
    const { opened, halfOpen, isShutdown } = this.#breaker
    if (this.#isForced || opened || isShutdown) return 'open'
    return halfOpen ? 'half-open' : 'closed'
  }

  execute<Result>(work: CircuitWork<Result>, options?: CircuitExecuteOptions): Promise<Result> {
    const signal = options?.signal
    if (signal?.aborted === true) return Promise.reject(signal.reason)

    let answer: Promise<Result> | undefined
    const attempt = (): Promise<unknown> => {
      const report: Report = Promise.withResolvers()
      answer = this.#run(work, signal, attempt, report)
      return report.promise
    }
    if (!this.#isForced) this.#fire(attempt)
    // Opossum runs its action at once or never, and what it answers itself may be a fallback's result.
    return answer ?? this.#rejectCall()
  }

  forceOpen(): void {
    this.#isForced = true
    this.#change('forced-open', () => this.#breaker.open())
  }

  reset(): void {
    this.#isForced = false
    this.#change('reset', () => this.#breaker.close())
  }

  snapshot(): CircuitSnapshot {
    const isWaiting = this.#breaker.opened && !this.#isForced
    return {
      state: this.state,
      // Opossum counts neither in a row.
      failures: 0,
      successes: 0,
      probeAt: isWaiting ? systemClock.now() + this.#probeAt - systemClock.monotonic() : null,
      openings: this.#openings,
      // A breaker that was shut down will not probe either.
      forced: this.#isForced || this.#breaker.isShutdown,
    }
  }

  restore(snapshot: CircuitSnapshot): void {
    assertCircuitSnapshot(snapshot)
    this.#isForced = snapshot.forced
    this.#change('restored', () => {
      // Opossum can be told neither to half-open nor how much of its reset timeout has passed.
      if (snapshot.state === 'closed') this.#breaker.close()
      else this.#breaker.open()
    })
    this.#openings = snapshot.openings
  }

  // Calls

  #fire(attempt: () => Promise<unknown>): void {
    // It settles before the work has ended only when the call timed out. The event says so sooner
    // where a fallback is slow, but after a shutdown there are no events.
    const end = (): void => this.#timeOut(attempt)
    runWork(() => this.#breaker.fire(attempt)).then(end, end)
  }

  async #run<Result>(
    work: CircuitWork<Result>,
    signal: AbortSignal | undefined,
    attempt: unknown,
    report: Report,
  ): Promise<Result> {
    const controller = new AbortController()
    const call: Call = { epoch: this.#epoch, controller, outcome: undefined }
    this.#calls.set(attempt, call)
    const onAbort = (): void => controller.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })

    const [result] = await Promise.allSettled([runUntilAborted(work, controller.signal)])
    signal?.removeEventListener('abort', onAbort)
    this.#calls.delete(attempt)

    const outcome = this.#judge(call, result, signal)
    this.#count(this.#series?.calls[outcome])
    await this.#report(outcome, result, report)
    if (result.status === 'rejected') throw result.reason
    return result.value
  }

  #timeOut(attempt: unknown): void {
    const call = this.#calls.get(attempt)
    if (call === undefined || call.controller.signal.aborted) return
    // This very timeout may open the circuit, after which the call would look like a stale one.
    call.outcome = call.epoch === this.#epoch ? 'timeout' : 'stale'
    const { timeout } = this.#breaker.options
    call.controller.abort(new CircuitCallTimeoutError(this.name, Number(timeout)))
  }

  #judge(
    call: Call,
    result: PromiseSettledResult<unknown>,
    signal: AbortSignal | undefined,
  ): CircuitCallOutcome {
    if (call.outcome !== undefined) return call.outcome
    if (call.epoch !== this.#epoch) return 'stale'
    if (result.status === 'rejected' && signal?.aborted === true) return 'aborted'
    return judgeCall(this.#options, this.name, result)
  }

  /**
   * Tells opossum how a call ended, and waits until it has drawn its conclusions. Opossum knows no
   * outcome that says nothing: while closed, such a call passes for a success; while half-open, where
   * a success would close the circuit, for a failure.
   */
  async #report(
    outcome: CircuitCallOutcome,
    result: PromiseSettledResult<unknown>,
    report: Report,
  ): Promise<void> {
    const { halfOpen } = this.#breaker
    if (outcome === 'stale' && halfOpen) {
      this.#held.push(() => report.resolve(undefined))
      return
    }

    if (outcome === 'success') report.resolve('value' in result ? result.value : undefined)
    else if (outcome === 'stale' || (outcome !== 'failure' && !halfOpen)) report.resolve(undefined)
    else report.reject(result.status === 'rejected' ? result.reason : result.value)
    // Opossum put its own `then` and `catch` on the promise before, so it hears of it before.
    await report.promise.then((value) => value).catch(() => {})
  }

  #rejectCall(): Promise<never> {
    this.#count(this.#series?.rejected)
    return Promise.reject(createCircuitOpenError(this.name, this.#retryAfterMs()))
  }

  #retryAfterMs(): number {
    const { opened, isShutdown, options } = this.#breaker
    if (this.#isForced || isShutdown) return options.resetTimeout
    if (opened) return Math.max(0, this.#probeAt - systemClock.monotonic())
    // While half-open, the probe may end at any moment. While closed, only `capacity` rejects.
    return 0
  }

  // Changes of state

  #listen(): void {
    isolateListeners(this.#breaker, (error, event) =>
      logFault(
        this.#options,
        this.name,
        error,
        `A listener of opossum's "${String(event)}" event threw.`,
      ),
    )
    this.#breaker.addListener('open', () => {
      this.#probeAt = this.#nextProbeAt()
      this.#openings += 1
      this.#count(this.#series?.trips)
      this.#changed()
    })
    this.#breaker.addListener('halfOpen', () => this.#changed())
    this.#breaker.addListener('close', () => {
      this.#openings = 0
      this.#changed()
    })
    this.#breaker.addListener('timeout', (_error, _latencyMs, args) => {
      this.#timeOut(Array.isArray(args) ? args[0] : undefined)
    })
  }

  #nextProbeAt(): number {
    return systemClock.monotonic() + this.#breaker.options.resetTimeout
  }

  #changed(): void {
    this.#epoch += 1
    if (!this.#breaker.halfOpen) for (const release of this.#held.splice(0)) release()
    this.#announce(this.#reason)
  }

  #change(reason: CircuitStateChangeReason, action: () => void): void {
    this.#reason = reason
    // A breaker that was shut down has lost its listeners; opened or closed, it would be a zombie.
    if (!this.#breaker.isShutdown) action()
    this.#reason = undefined
    this.#announce(reason)
  }

  // What must never change an outcome

  #announce(reason: CircuitStateChangeReason | undefined): void {
    const { onStateChange } = this.#options
    const from = this.#announced
    const to = this.state
    this.#announced = to
    if (onStateChange === undefined || from === to) return
    const change = {
      name: this.name,
      from,
      to,
      reason: reason ?? ownReason(from, to),
      at: systemClock.now(),
    }
    announceChange(this.#options, change)
  }

  #count(series: CounterSeries | undefined): void {
    countOne(this.#options, this.name, series)
  }
}

/** Waits for the work no longer than until the signal aborts, even if the work ignores it. */
function runUntilAborted<Result>(work: CircuitWork<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    runWork(() => work({ signal })).then(resolve, reject)
  })
}

/** Why opossum changed its state by itself, or because the host told it to, which looks the same. */
function ownReason(from: CircuitState, to: CircuitState): CircuitStateChangeReason {
  switch (to) {
    case 'open':
      return from === 'half-open' ? 'probe-failed' : 'failure-threshold-reached'
    case 'half-open':
      return 'reset-timeout-passed'
    case 'closed':
      return from === 'half-open' ? 'success-threshold-reached' : 'reset'
  }
}
