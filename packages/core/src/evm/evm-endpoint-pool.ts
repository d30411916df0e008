import type { z } from 'zod'

import { runBounded } from '../circuit-breaker/bounded-call.ts'
import type { CircuitBreaker } from '../circuit-breaker/circuit-breaker.ts'
import { createCircuitBreaker } from '../circuit-breaker/create-circuit-breaker.ts'
import { AssayError } from '../errors/assay-error.ts'
import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Logger } from '../logger/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Clock } from '../runtime/clock.ts'
import type { EvmEndpoint } from './evm-endpoint.ts'
import { type EndpointFault, endpointError, readEndpointFault } from './evm-error.ts'
import { createEndpointTally } from './evm-metrics.ts'
import { quantitySchema } from './evm-schemas.ts'

/** Asks one endpoint, and reads its answer. */
export type AskEndpoint = <Schema extends z.ZodType>(
  method: string,
  params: readonly unknown[],
  schema: Schema,
) => Promise<z.output<Schema>>

/** The endpoints of a chain. */
export interface EvmEndpointPool {
  /**
   * Runs a reading on one endpoint, so that all of its answers are of one view of the chain. Where it
   * fails, the next endpoint begins anew.
   *
   * @throws {AssayError} `EVM_UNREACHABLE` when none has done it; the signal's reason
   */
  read<Result>(work: (ask: AskEndpoint) => Promise<Result>, signal: AbortSignal): Promise<Result>
  /** Runs a reading on each endpoint by itself, whatever becomes of the others. */
  readEach<Result>(
    work: (ask: AskEndpoint) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<readonly PromiseSettledResult<Result>[]>
  /** Hands bytes to each endpoint. No breaker holds them back. @returns what each has said */
  send(
    method: string,
    params: readonly unknown[],
    signal: AbortSignal,
  ): Promise<readonly PromiseSettledResult<unknown>[]>
  /** @throws {AssayError} `CHAIN_MISMATCH`, or `EVM_UNREACHABLE` when no endpoint answers */
  verify(signal: AbortSignal): Promise<void>
}

/** What a pool is made of. */
export interface EvmEndpointPoolOptions {
  readonly endpoints: readonly EvmEndpoint[]
  readonly chainId: number
  /** How long one request may take, in milliseconds. */
  readonly requestTimeoutMs: number
  readonly clock: Clock
  readonly metrics: Metrics
  readonly logger: Logger
}

/** An answer of an endpoint's JSON-RPC that is an error: nothing is wrong with the endpoint. */
export class EndpointRefusal extends Error {
  override readonly name = 'EndpointRefusal'
  readonly fault: EndpointFault

  constructor(fault: EndpointFault) {
    super('The endpoint has answered with an error.')
    this.fault = fault
  }
}

/** Makes a pool. Nothing is asked yet. */
export function createEvmEndpointPool(options: EvmEndpointPoolOptions): EvmEndpointPool {
  const { endpoints, chainId, requestTimeoutMs, clock, logger } = options
  const guarded = endpoints.map((endpoint) => guard(endpoint, options))

  async function request(
    { endpoint }: GuardedEndpoint,
    args: { readonly method: string; readonly params: readonly unknown[] },
    signal: AbortSignal,
  ): Promise<unknown> {
    signal.throwIfAborted()
    return runBounded(async () => endpoint.client.request({ ...args }), {
      clock,
      timeoutMs: requestTimeoutMs,
      signal,
      createTimeoutError: () => timeoutError(endpoint.name, requestTimeoutMs),
    })
  }

  function askerOf(of: GuardedEndpoint, signal: AbortSignal): AskEndpoint {
    return async (method, params, schema) => {
      const answer = await of.breaker.execute(async () => {
        try {
          const said = await request(of, { method, params }, signal)
          return { parsed: schema.safeParse(said) }
        } catch (error) {
          const fault = readEndpointFault(error)
          if (isAboutTheCall(fault)) return { refusal: new EndpointRefusal(fault) }
          signal.throwIfAborted()
          throw endpointError(of.endpoint.name, error)
        }
      })
      if ('refusal' in answer) throw answer.refusal
      if (answer.parsed.success) return answer.parsed.data
      of.tally.unreadable()
      throw unreadableError(of.endpoint.name, method)
    }
  }

  /** @returns whether it serves the chain, as far as that is known */
  async function isRight(of: GuardedEndpoint, signal: AbortSignal): Promise<boolean> {
    if (of.servesChain !== undefined) return of.servesChain
    const served = await askerOf(of, signal)('eth_chainId', [], quantitySchema)
    of.servesChain = served === BigInt(chainId)
    if (!of.servesChain) {
      const facts = { endpoint: of.endpoint.name, chainId, served: Number(served) }
      tellQuietly(() => logger.error(facts, 'An endpoint serves another chain, and is not asked.'))
    }
    return of.servesChain
  }

  async function readFrom<Result>(
    of: GuardedEndpoint,
    work: (ask: AskEndpoint) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    if (!(await isRight(of, signal))) throw chainMismatchError(of.endpoint.name, chainId)
    return work(askerOf(of, signal))
  }

  return {
    async read(work, signal) {
      let last: unknown
      for (const of of guarded) {
        try {
          return await readFrom(of, work, signal)
        } catch (error) {
          signal.throwIfAborted()
          // It has answered, and the others would say the same.
          if (error instanceof EndpointRefusal) throw error
          of.tally.failed()
          last = error
        }
      }
      throw unreachableError(chainId, last)
    },
    readEach: (work, signal) => Promise.allSettled(guarded.map((of) => readFrom(of, work, signal))),
    send: (method, params, signal) =>
      Promise.allSettled(
        guarded
          .filter(({ servesChain }) => servesChain !== false)
          .map((of) => request(of, { method, params }, signal)),
      ),
    async verify(signal) {
      const answers = await Promise.allSettled(guarded.map((of) => isRight(of, signal)))
      for (const [index, answer] of answers.entries()) {
        const name = guarded[index]?.endpoint.name ?? ''
        if (answer.status === 'fulfilled' && !answer.value) throw chainMismatchError(name, chainId)
      }
      const failed = answers.find(({ status }) => status === 'rejected')
      const hasOne = answers.some(({ status }) => status === 'fulfilled')
      if (!hasOne && failed?.status === 'rejected') throw unreachableError(chainId, failed.reason)
    },
  }
}

interface GuardedEndpoint {
  readonly endpoint: EvmEndpoint
  readonly breaker: CircuitBreaker
  readonly tally: ReturnType<typeof createEndpointTally>
  /** `undefined` until it has said which chain it serves. */
  servesChain: boolean | undefined
}

function guard(
  endpoint: EvmEndpoint,
  { chainId, clock, metrics, logger }: EvmEndpointPoolOptions,
): GuardedEndpoint {
  const name = `evm-${chainId}-${endpoint.name}`
  const breaker = createCircuitBreaker({ name, resetTimeoutMs: 10_000, clock, metrics, logger })
  return {
    endpoint,
    breaker,
    tally: createEndpointTally(metrics, endpoint.name),
    servesChain: undefined,
  }
}

/** An answer about what was asked, which says nothing against the endpoint. */
function isAboutTheCall({ rpcCode, said, data }: EndpointFault): boolean {
  if (rpcCode === undefined) return false
  return (
    rpcCode === 3 || data !== undefined || /revert|insufficient|exceeds|gas required/.test(said)
  )
}

function timeoutError(endpoint: string, timeoutMs: number): AssayError {
  return new AssayError('EVM_ENDPOINT_TIMEOUT', {
    message: `The endpoint ${endpoint} did not answer within ${timeoutMs} ms.`,
    retry: 'safe',
    context: { endpoint, timeoutMs },
  })
}

function unreadableError(endpoint: string, method: string): AssayError {
  return new AssayError('EVM_ANSWER_INVALID', {
    message: `The endpoint ${endpoint} answered ${method} with something else than that.`,
    retry: 'safe',
    context: { endpoint, method },
  })
}

function unreachableError(chainId: number, cause: unknown): AssayError {
  return new AssayError('EVM_UNREACHABLE', {
    message: `No endpoint of chain ${chainId} has answered.`,
    retry: 'safe',
    context: { chainId },
    cause,
  })
}

function chainMismatchError(endpoint: string, chainId: number): AssayError {
  return new AssayError('CHAIN_MISMATCH', {
    message: `The endpoint ${endpoint} serves another chain than ${chainId}.`,
    retry: 'never',
    context: { endpoint, chainId },
  })
}
