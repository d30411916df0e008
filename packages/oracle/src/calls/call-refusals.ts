import { AssayError } from '@assay/core'

/** Two different updates came under one idempotency key. */
export function keyReusedError(id: bigint): AssayError<'ORACLE_KEY_REUSED'> {
  return new AssayError('ORACLE_KEY_REUSED', {
    message: `The idempotency key belongs to call ${id}, which asks for something else.`,
    retry: 'never',
    context: { id },
  })
}

/** A value is older than the one that is on chain. */
export function sequenceStaleError(
  sequence: bigint,
  confirmed: bigint,
): AssayError<'ORACLE_SEQUENCE_STALE'> {
  return new AssayError('ORACLE_SEQUENCE_STALE', {
    message: `The sequence ${sequence} is older than ${confirmed}, which is on chain.`,
    retry: 'never',
    context: { sequence, confirmed },
  })
}
