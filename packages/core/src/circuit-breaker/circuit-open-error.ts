import { AssayError } from '../errors/assay-error.ts'

/** A call was not made, because the circuit is open or its probes are taken. */
export class CircuitOpenError extends AssayError<
  'CIRCUIT_OPEN',
  { circuit: string; retryAfterMs: number }
> {
  override readonly name = 'CircuitOpenError'
  /** After how many milliseconds a call may pass; 0 while probes are under way, which may end any time. */
  declare readonly retryAfterMs: number

  constructor(circuit: string, retryAfterMs: number) {
    super('CIRCUIT_OPEN', {
      message: `The circuit "${circuit}" is open: the call was not made.`,
      retry: 'safe',
      retryAfterMs,
      context: { circuit, retryAfterMs },
    })
  }
}

/**
 * Makes the error without a stack trace. It is thrown thousands of times a second just when a
 * backend is in trouble, and capturing the stack costs several times the rest of a rejection.
 */
export function createCircuitOpenError(circuit: string, retryAfterMs: number): CircuitOpenError {
  const { stackTraceLimit } = Error
  // `Reflect.set` does nothing where the host has frozen `Error`; an assignment would throw.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    return new CircuitOpenError(circuit, retryAfterMs)
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}
