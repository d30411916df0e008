import { AssayError } from '@assay/core'

/** Why a cycle of a monitor that is closed ends, or does not begin. */
export function monitorClosedError(): AssayError {
  return new AssayError('MONITOR_CLOSED', {
    message: 'The monitor was closed: make another one.',
    retry: 'never',
  })
}
