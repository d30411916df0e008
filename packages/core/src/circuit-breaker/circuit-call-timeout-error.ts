import { AssayError } from '../errors/assay-error.ts'

/** A call took longer than the breaker's call timeout. What it began may still take effect. */
export class CircuitCallTimeoutError extends AssayError<
  'CIRCUIT_CALL_TIMEOUT',
  { circuit: string; callTimeoutMs: number }
> {
  override readonly name = 'CircuitCallTimeoutError'
  constructor(circuit: string, callTimeoutMs: number) {
    super('CIRCUIT_CALL_TIMEOUT', {
      message: `A call through the circuit "${circuit}" took longer than ${callTimeoutMs} ms.`,
      retry: 'reconcile-first',
      context: { circuit, callTimeoutMs },
    })
  }
}
