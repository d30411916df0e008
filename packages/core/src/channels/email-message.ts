import type { AlertNotification, NotifiedAlert } from '../alerts/alert-notification.ts'
import { sha256Hex } from '../runtime/sha256.ts'
import { boundNotification } from './bound-notification.ts'
import {
  headlineOf,
  linesOf,
  omissionSentenceOf,
  reasonSentenceOf,
  titleOf,
} from './describe-notification.ts'
import { fitText } from './fit-text.ts'

/** What an e-mail consists of, in the terms of nodemailer. */
export interface EmailMessage {
  readonly from: string
  readonly to: string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  /** The same when a delivery is tried again, by which mail servers know a repetition. */
  readonly messageId: string
  /** Names a message that was never sent: all of one group refer to it, and so form a thread. */
  readonly references: string
  readonly inReplyTo: string
  readonly headers: Record<string, string>
  /** No text of an alert may make the transport read a file or fetch a URL. */
  readonly disableFileAccess: true
  readonly disableUrlAccess: true
}

const SUBJECT_MAX = 200
const ALERTS_MAX = 100
const ALERT_TEXT_MAX = 10_000
/** Of all alerts together, in UTF-16 code units. */
const ALERTS_TEXT_MAX = 100_000

/** The notification as an e-mail: plain text, and the same as simple HTML. */
export function emailMessage(
  notification: AlertNotification,
  { from, to }: { from: string; to: readonly string[] },
): EmailMessage {
  const bounded = boundNotification(notification, ALERTS_MAX)
  const headline = headlineOf(bounded)
  const shown: AlertText[] = []
  let length = 0
  for (const alert of bounded.alerts.map(alertText)) {
    length += alert.text.length
    if (length > ALERTS_TEXT_MAX) break
    shown.push(alert)
  }
  const omission = omissionSentenceOf(
    bounded.omittedAlertCount + bounded.alerts.length - shown.length,
  )
  const thread = messageIdOf('group', from, bounded.receiver, bounded.groupKey)
  return {
    from,
    to: [...to],
    subject: fitText(headline, SUBJECT_MAX),
    text: textBody(headline, reasonSentenceOf(bounded), shown, omission),
    html: htmlBody(headline, reasonSentenceOf(bounded), shown, omission),
    messageId: messageIdOf('notice', from, bounded.receiver, bounded.id),
    references: thread,
    inReplyTo: thread,
    headers: { 'X-Assay-Notification': bounded.id, 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

interface AlertText {
  readonly title: string
  readonly text: string
  readonly runbookUrl: string | undefined
}

function alertText(alert: NotifiedAlert): AlertText {
  return {
    title: titleOf(alert),
    text: fitText(linesOf(alert).join('\n'), ALERT_TEXT_MAX),
    runbookUrl: alert.runbookUrl,
  }
}

function textBody(
  headline: string,
  reason: string,
  alerts: readonly AlertText[],
  omission: string | undefined,
): string {
  const parts = alerts.map(({ title, text, runbookUrl }) =>
    [title, text, runbookUrl === undefined ? '' : `Runbook: ${runbookUrl}`]
      .filter((line) => line !== '')
      .join('\n'),
  )
  return [headline, reason, ...parts, ...(omission === undefined ? [] : [omission])].join('\n\n')
}

function htmlBody(
  headline: string,
  reason: string,
  alerts: readonly AlertText[],
  omission: string | undefined,
): string {
  const parts = alerts.map(
    ({ title, text, runbookUrl }) =>
      `<h3>${toHtml(title)}</h3>\n<p>${toHtml(text)}</p>` +
      (runbookUrl === undefined ? '' : `\n<p><a href="${toHtml(runbookUrl)}">Runbook</a></p>`),
  )
  const end = omission === undefined ? [] : [`<p>${toHtml(omission)}</p>`]
  return [
    '<!doctype html><html><body>',
    `<h2>${toHtml(headline)}</h2>\n<p>${toHtml(reason)}</p>`,
    ...parts,
    ...end,
    '</body></html>',
  ].join('\n')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\n': '<br>\n',
}

function toHtml(text: string): string {
  return text.replaceAll(/[&<>"'\n]/g, (character) => ENTITIES[character] ?? character)
}

/** A hash, so that nothing of a notification can break out of the header. */
function messageIdOf(kind: string, from: string, ...parts: readonly string[]): string {
  const domain = /@([\w.-]+)>?\s*$/.exec(from)?.[1] ?? 'assay.invalid'
  return `<assay-${kind}-${sha256Hex(JSON.stringify(parts)).slice(0, 40)}@${domain}>`
}
