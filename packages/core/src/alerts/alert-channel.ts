import type { AlertNotification, NotifiedAlert } from './alert-notification.ts'

/** A way to reach people or systems. */
export interface AlertChannel {
  /** The kind of channel, as a metric label and in history: `slack`. */
  readonly kind: string
  /** Whether it shows acknowledgements; the others are not bothered with them. */
  readonly showsAcknowledgements?: boolean | undefined
  /**
   * Alerts that one notification to it carries at most; `Infinity` for all, as a system wants that
   * keeps a record of each. Default the manager's `limits.alertsPerNotification`, which is for people.
   */
  readonly alertsMax?: number | undefined
  /**
   * Delivers one notification, and resolves once the other side has confirmed it. It has its own
   * timeout, retries what is safe to repeat, and waits as long as the other side asks for, until
   * `signal` aborts.
   *
   * @throws {AssayError} `ALERT_DELIVERY_REFUSED` (`retry: 'never'`) when the other side will never
   *   take it; `ALERT_DELIVERY_FAILED` (`retry: 'safe'`) when it may later, with `mayHaveArrived: false`
   *   where it certainly has not arrived; whatever else is thrown may have. Neither names a URL, a
   *   token or a payload.
   */
  deliver(notification: AlertNotification, options: AlertDeliveryOptions): Promise<void>
  /**
   * Sends again what its receiver was told of and what still fires, for another side that forgets what
   * is not repeated. The alert manager calls it at intervals with what its store says. Where several
   * processes share the store each of them does, so that the other side must merge repetitions.
   *
   * @throws what `deliver` throws; the next interval brings the next attempt
   */
  resend?(resending: AlertResending, options: AlertDeliveryOptions): Promise<void>
  /** How often `resend` is called, and how long it may take, in milliseconds. Default 60,000. */
  readonly resendEveryMs?: number | undefined
  /** How many firing alerts `resend` is given at most, the worst first. Default 10,000. */
  readonly resendAlertsMax?: number | undefined
  /** Lets go of what the channel holds, such as connections. */
  close?(): Promise<void>
}

/** What is sent again to one receiver. */
export interface AlertResending {
  readonly receiver: string
  /** What fires; or what has ended while it was being sent again, so that its end may be lost. */
  readonly alerts: readonly NotifiedAlert[]
  /** How many more fire. */
  readonly omittedAlertCount: number
}

/** What bounds a delivery. */
export interface AlertDeliveryOptions {
  readonly signal: AbortSignal
}
