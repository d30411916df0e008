import type { CircuitBreakerOptions } from './create-circuit-breaker.ts'

type CircuitBreakerPreset = Readonly<Omit<CircuitBreakerOptions, 'name'>>

/**
 * For RPC nodes of a chain: opens on 5 consecutive failures, probes after 30 s, closes on 3
 * successes. The values are those that the chain infrastructure which Assay replaces ran with.
 *
 * @example
 * ```ts
 * import { createCircuitBreaker, rpcBreaker } from '@assay/core'
 *
 * const breaker = createCircuitBreaker({ ...rpcBreaker, name: 'solana-rpc' })
 * console.log(breaker.state) // closed
 * ```
 */
export const rpcBreaker: CircuitBreakerPreset = /* @__PURE__ */ Object.freeze({
  failureThreshold: 5,
  resetTimeoutMs: 30_000,
  successThreshold: 3,
})

/**
 * For background processors and payment services: opens on 5 consecutive failures, probes after 60 s
 * with at most 2 calls at once, and gives each call 30 s. The values are those of the festival
 * payment monitor that Assay replaces.
 *
 * @example
 * ```ts
 * import { createCircuitBreaker, processorBreaker } from '@assay/core'
 *
 * const breaker = createCircuitBreaker({ ...processorBreaker, name: 'card-processor' })
 * console.log(breaker.state) // closed
 * ```
 */
export const processorBreaker: CircuitBreakerPreset = /* @__PURE__ */ Object.freeze({
  failureThreshold: 5,
  resetTimeoutMs: 60_000,
  halfOpenMaxCalls: 2,
  callTimeoutMs: 30_000,
})
