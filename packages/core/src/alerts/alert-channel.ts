import type { AlertNotification } from './alert-notification.ts'

/** A way to reach people or systems. */
export interface AlertChannel {
  /** The kind of channel, as a metric label and in history: `slack`. */
  readonly kind: string
  /** Whether it shows acknowledgements; the others are not bothered with them. */
  readonly showsAcknowledgements?: boolean | undefined
  /**
   * Delivers one notification, and resolves once the other side has confirmed it. It has its own
   * timeout, retries what is safe to repeat, and waits as long as the other side asks for, until
   * `signal` aborts.
   *
   * @throws {AssayError} `ALERT_DELIVERY_REFUSED` (`retry: 'never'`) when the other side will never
   *   take it; `ALERT_DELIVERY_FAILED` (`retry: 'safe'`) when it may later. Neither names a URL, a
   *   token or a payload.
   */
  deliver(notification: AlertNotification, options: AlertDeliveryOptions): Promise<void>
  /** Ends what runs in the background, such as the re-sending to an Alertmanager. */
  close?(): Promise<void>
}

/** What bounds a delivery. */
export interface AlertDeliveryOptions {
  readonly signal: AbortSignal
}
