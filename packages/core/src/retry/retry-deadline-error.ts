import { AssayError } from '../errors/assay-error.ts'

/** The deadline over all attempts came while one was running. That one may still take effect. */
export class RetryDeadlineError extends AssayError<
  'RETRY_DEADLINE_EXCEEDED',
  { operation: string; attempts: number; deadlineMs: number }
> {
  override readonly name = 'RetryDeadlineError'

  constructor(operation: string, attempts: number, deadlineMs: number, cause: unknown) {
    super('RETRY_DEADLINE_EXCEEDED', {
      message: `The operation "${operation}" did not succeed within ${deadlineMs} ms.`,
      retry: 'reconcile-first',
      context: { operation, attempts, deadlineMs },
      cause,
    })
  }
}
