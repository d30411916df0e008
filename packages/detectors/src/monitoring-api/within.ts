import type { Clock } from '@assay/core'

import { ApiRefusalError } from './api-refusal-error.ts'

/** Waits for an answer for so long. What it waited for goes on: nothing of ours can stop a query. */
export function within<Value>(limitMs: number, clock: Clock, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => {
      const message = 'It took too long. A change may have been made all the same: look first.'
      reject(new ApiRefusalError('MONITORING_REQUEST_TIMEOUT', 503, message))
    }, limitMs)
    const settle = (): void => timer.cancel()
    work.then(resolve, reject).finally(settle)
  })
}
