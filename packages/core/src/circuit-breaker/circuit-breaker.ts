/**
 * - `closed`: calls pass.
 * - `open`: calls are rejected at once.
 * - `half-open`: a few calls pass as probes, the rest are rejected at once.
 */
export type CircuitState = 'closed' | 'open' | 'half-open'

/** What a call through a breaker is given. */
export interface CircuitCall {
  /**
   * Aborts when the call's time is up or when its caller gives up; no two calls share it. Where there
   * is neither a timeout nor a caller's signal it never aborts.
   */
  readonly signal: AbortSignal
}

/** The work of one call. It may be asynchronous or not. */
export type CircuitWork<Result> = (call: CircuitCall) => Result | PromiseLike<Result>

/** Options of {@link CircuitBreaker.execute}. */
export interface CircuitExecuteOptions {
  /** The caller's own wish to stop. Stopping is not a failure of the dependency. */
  readonly signal?: AbortSignal | undefined
}

/** Guards one dependency: it stops calling what keeps failing, and finds out when it is back. */
export interface CircuitBreaker {
  readonly name: string
  /** The state now. `half-open` from the moment the reset timeout has passed. */
  readonly state: CircuitState
  /**
   * Runs `work` if the state allows it.
   *
   * @param work the call to the dependency; pass its `signal` on
   * @param options.signal ends the wait for this call
   * @returns what `work` returned
   * @throws {CircuitOpenError} `CIRCUIT_OPEN` at once, without calling `work`, while the circuit is
   *   open or all probes are taken
   * @throws {CircuitCallTimeoutError} `CIRCUIT_CALL_TIMEOUT` when the call timeout is reached
   * @throws what `work` threw, unchanged; or the signal's reason
   */
  execute<Result>(work: CircuitWork<Result>, options?: CircuitExecuteOptions): Promise<Result>
  /** Opens the circuit until `reset()`, for the operator who knows that a dependency is down. */
  forceOpen(): void
  /** Closes the circuit and forgets all failures. */
  reset(): void
  /** The state as plain JSON, to be kept across a restart. */
  snapshot(): CircuitSnapshot
  /**
   * Takes over a snapshot. Time that passed since it was taken counts.
   *
   * @throws {AssayError} `CIRCUIT_SNAPSHOT_INVALID` when it is not a snapshot; the state stays
   */
  restore(snapshot: CircuitSnapshot): void
}

/** What {@link CircuitBreaker.snapshot} returns. It survives `JSON.stringify`. */
export interface CircuitSnapshot {
  readonly state: CircuitState
  /** Consecutive failures while closed. */
  readonly failures: number
  /** Successful probes while half-open. */
  readonly successes: number
  /** When an open circuit will admit probes, in epoch milliseconds; `null` where it will not. */
  readonly probeAt: number | null
  /** How often in a row the circuit opened without closing in between. */
  readonly openings: number
  /** Whether an operator opened it by `forceOpen()`. */
  readonly forced: boolean
}

/** Why the state changed. */
export type CircuitStateChangeReason =
  | 'failure-threshold-reached'
  | 'reset-timeout-passed'
  | 'probe-failed'
  | 'success-threshold-reached'
  | 'forced-open'
  | 'reset'
  | 'restored'

/** What `onStateChange` hears. */
export interface CircuitStateChange {
  readonly name: string
  readonly from: CircuitState
  readonly to: CircuitState
  readonly reason: CircuitStateChangeReason
  /** Epoch milliseconds. */
  readonly at: number
}

/**
 * What a call says about the dependency.
 *
 * - `success`: it answered.
 * - `failure`: it did not, or wrongly.
 * - `ignored`: the call says nothing, for it never got there.
 */
export type CircuitVerdict = 'success' | 'failure' | 'ignored'
