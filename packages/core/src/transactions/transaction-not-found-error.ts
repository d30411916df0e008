import { AssayError } from '../errors/assay-error.ts'

/** Somebody asked for a transaction that is not there, or was pruned. */
export function transactionNotFoundError(id: string): AssayError<'TRANSACTION_NOT_FOUND'> {
  return new AssayError('TRANSACTION_NOT_FOUND', {
    message: `There is no transaction ${id}.`,
    retry: 'never',
    context: { id },
  })
}
