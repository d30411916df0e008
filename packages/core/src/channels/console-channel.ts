import type { AlertChannel } from '../alerts/alert-channel.ts'
import type { AlertNotification } from '../alerts/alert-notification.ts'
import { boundNotification } from './bound-notification.ts'
import {
  headlineOf,
  linesOf,
  omissionSentenceOf,
  reasonSentenceOf,
  titleOf,
} from './describe-notification.ts'

/** Options of {@link consoleChannel}. */
export interface ConsoleChannelOptions {
  /** Takes one line, without its line break: `console.log`, or the logger of the host. */
  readonly write: (line: string) => void
  /** How many alerts of a notification are written. Default 100; the rest is counted in a line. */
  readonly alertsMax?: number | undefined
}

/**
 * Writes notifications as lines of text, for a laptop or a log. Control characters are taken out, so
 * that no alert can move the cursor of a terminal or forge a line.
 *
 * @param options.write where the lines go; what it throws reaches whoever delivers
 *
 * @example
 * ```ts
 * import { consoleChannel } from '@assay/core'
 *
 * const channel = consoleChannel({ write: (line) => console.log(line) })
 * await channel.deliver(
 *   {
 *     id: 'n-1',
 *     reason: 'firing',
 *     status: 'firing',
 *     receiver: 'laptop',
 *     groupKey: 'OracleServiceDown',
 *     groupLabels: {},
 *     commonLabels: {},
 *     severity: 'critical',
 *     alerts: [],
 *     omittedAlertCount: 2,
 *     escalationLevel: 0,
 *     at: 0,
 *   },
 *   { signal: new AbortController().signal },
 * )
 * // CRITICAL laptop: 2 more
 * //   New alerts fire.
 * //   And 2 more alerts.
 * ```
 */
export function consoleChannel({ write, alertsMax = 100 }: ConsoleChannelOptions): AlertChannel {
  return {
    kind: 'console',
    showsAcknowledgements: true,
    async deliver(notification) {
      for (const line of consoleLines(boundNotification(notification, alertsMax))) write(line)
    },
  }
}

function consoleLines(notification: AlertNotification): string[] {
  const omission = omissionSentenceOf(notification.omittedAlertCount)
  return [
    headlineOf(notification),
    `  ${reasonSentenceOf(notification)}`,
    ...notification.alerts.flatMap((alert) => [
      `  ${titleOf(alert)}`,
      ...linesOf(alert)
        .flatMap((line) => line.split('\n'))
        .map((line) => `    ${line}`),
      ...(alert.runbookUrl === undefined ? [] : [`    runbook: ${alert.runbookUrl}`]),
    ]),
    ...(omission === undefined ? [] : [`  ${omission}`]),
  ]
}
