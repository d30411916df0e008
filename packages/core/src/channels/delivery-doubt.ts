import { AlertDeliveryFailedError, mayHaveArrivedDespite } from './alert-delivery-error.ts'
import type { DeliveryAttempt } from './create-delivery-runner.ts'

/**
 * Whether one delivery may have arrived, over all of its attempts: the last one may say for certain
 * that it sent nothing, and the one before it may have been cut after all was sent.
 */
export interface DeliveryDoubt {
  /** The attempt, watched: it is in doubt until it says that it sent nothing. */
  watch(attempt: DeliveryAttempt): DeliveryAttempt
  /**
   * The error with which the delivery ends, made to speak for all attempts. A caller who gave up
   * while nothing had been sent is told so, in place of its own reason.
   */
  explain(error: unknown, signal: { readonly aborted: boolean }): unknown
}

/** Begins with no attempt, and no doubt: what was never tried did not arrive. */
export function createDeliveryDoubt(channel: string): DeliveryDoubt {
  let attemptsInDoubt = 0
  let lastFailure: AlertDeliveryFailedError | undefined

  return {
    watch: (attempt) => async (signal) => {
      attemptsInDoubt += 1
      try {
        await attempt(signal)
      } catch (error) {
        if (!mayHaveArrivedDespite(error)) attemptsInDoubt -= 1
        if (error instanceof AlertDeliveryFailedError) lastFailure = error
        throw error
      }
    },
    explain(error, { aborted }) {
      const isInDoubt = attemptsInDoubt > 0
      if (error instanceof AlertDeliveryFailedError) {
        return isInDoubt && !error.mayHaveArrived ? inDoubt(channel, error) : error
      }
      if (!aborted || isInDoubt) return error
      const reason = lastFailure?.reason ?? 'timeout'
      return new AlertDeliveryFailedError(channel, reason, { mayHaveArrived: false })
    },
  }
}

/** The same failure of a delivery of which some may have arrived. */
export function inDoubt(
  channel: string,
  error: AlertDeliveryFailedError,
): AlertDeliveryFailedError {
  const { retryAfterMs, status, vendorCode } = error.context
  const details = { retryAfterMs, status, vendorCode, mayHaveArrived: true }
  return new AlertDeliveryFailedError(channel, error.reason, details)
}
