import { AssayError } from '../errors/assay-error.ts'

/** A name that already stands for another metric. It is a bug in the code that asks for it. */
export class MetricConflictError extends AssayError<'METRIC_CONFLICT', { metric: string }> {
  override readonly name = 'MetricConflictError'

  /**
   * @param metric the name that was asked for
   * @param reason a sentence that says what the name stands for
   * @param cause what another registry threw, where one did
   */
  constructor(metric: string, reason: string, cause?: unknown) {
    super('METRIC_CONFLICT', {
      message: `The metric "${metric}" cannot be made: ${reason}`,
      retry: 'never',
      context: { metric },
      cause,
    })
  }
}
