import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Logger } from '../logger/logger.ts'
import type { CounterSeries } from '../metrics/metrics.ts'
import type { CircuitStateChange, CircuitVerdict } from './circuit-breaker.ts'
import { classifyCall } from './classify-call.ts'

/** What a host gives a breaker to watch and to judge. None of it may change an outcome by failing. */
export interface CircuitBystanders {
  readonly classify?: ((result: PromiseSettledResult<unknown>) => CircuitVerdict) | undefined
  readonly onStateChange?: ((change: CircuitStateChange) => void) | undefined
  readonly logger?: Logger | undefined
}

const VERDICTS: readonly unknown[] = ['success', 'failure', 'ignored'] satisfies CircuitVerdict[]

/** The host's verdict, or the default one where the host's function throws or gives none. */
export function judgeCall(
  bystanders: CircuitBystanders,
  circuit: string,
  result: PromiseSettledResult<unknown>,
): CircuitVerdict {
  const { classify } = bystanders
  if (classify === undefined) return classifyCall(result)
  try {
    const verdict = classify(result)
    if (VERDICTS.includes(verdict)) return verdict
    logFault(bystanders, circuit, verdict, 'classify gave no verdict; the default one stands.')
  } catch (error) {
    logFault(bystanders, circuit, error, 'classify threw; the default verdict stands.')
  }
  return classifyCall(result)
}

/** Tells the host's listener of a change. */
export function announceChange(bystanders: CircuitBystanders, change: CircuitStateChange): void {
  try {
    const answer: unknown = bystanders.onStateChange?.(change)
    // An asynchronous listener fits the type; what it rejects with must not end the process.
    void Promise.resolve(answer).catch((error: unknown) => {
      logFault(bystanders, change.name, error, 'onStateChange rejected.')
    })
  } catch (error) {
    logFault(bystanders, change.name, error, 'onStateChange threw.')
  }
}

/** Counts one more. */
export function countOne(
  bystanders: CircuitBystanders,
  circuit: string,
  series: CounterSeries | undefined,
): void {
  try {
    series?.inc()
  } catch (error) {
    logFault(bystanders, circuit, error, 'A metric threw.')
  }
}

/** Logs what a bystander did. A logger that fails as well has nowhere left to say so. */
export function logFault(
  { logger }: CircuitBystanders,
  circuit: string,
  error: unknown,
  message: string,
): void {
  tellQuietly(() => logger?.error({ circuit, err: error }, message))
}
