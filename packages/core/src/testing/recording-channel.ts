import type { AlertChannel } from '../alerts/alert-channel.ts'
import type { AlertNotification } from '../alerts/alert-notification.ts'

/** A channel that delivers to nobody and remembers what it was given. */
export interface RecordingChannel extends AlertChannel {
  /** What it has confirmed, in order. */
  readonly notifications: readonly AlertNotification[]
  /** Whether it was closed. */
  readonly isClosed: boolean
}

/** Options of {@link createRecordingChannel}. */
export interface RecordingChannelOptions {
  /** Default `recording`. */
  readonly kind?: string | undefined
  /** Whether it shows acknowledgements. Default no. */
  readonly showsAcknowledgements?: boolean | undefined
  /** Called before a notification is remembered; what it throws is thrown by the delivery. */
  readonly onDeliver?: ((notification: AlertNotification) => void | Promise<void>) | undefined
}

/**
 * Makes a channel for tests of what an alert manager tells. Make it unreliable with `faulty`.
 *
 * @example
 * ```ts
 * import { createRecordingChannel } from '@assay/core/testing'
 *
 * const channel = createRecordingChannel({ kind: 'slack' })
 * console.log(channel.kind, channel.notifications) // slack []
 * ```
 */
export function createRecordingChannel({
  kind = 'recording',
  showsAcknowledgements = false,
  onDeliver,
}: RecordingChannelOptions = {}): RecordingChannel {
  const notifications: AlertNotification[] = []
  let isClosed = false
  return {
    kind,
    showsAcknowledgements,
    notifications,
    async deliver(notification) {
      await onDeliver?.(notification)
      notifications.push(notification)
    },
    async close() {
      isClosed = true
    },
    get isClosed() {
      return isClosed
    },
  }
}
