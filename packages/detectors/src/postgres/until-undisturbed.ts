import { isConcurrencyFailure, retry } from '@assay/core'

/** Runs again what PostgreSQL rolled back because of others that wrote at the same time. */
export function untilUndisturbed<Result>(write: () => Promise<Result>): Promise<Result> {
  return retry(write, {
    isRetryable: isConcurrencyFailure,
    deadlineMs: Infinity,
  })
}
