import { AssayError } from '../errors/assay-error.ts'

/** Two different requests came under one idempotency key: one of the two callers is wrong. */
export function transactionKeyReusedError(id: string): AssayError<'TRANSACTION_KEY_REUSED'> {
  return new AssayError('TRANSACTION_KEY_REUSED', {
    message: `The idempotency key belongs to transaction ${id}, which asks for something else.`,
    retry: 'never',
    context: { id },
  })
}
