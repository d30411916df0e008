import type { AlertNotification, NotifiedAlert } from '../alerts/alert-notification.ts'
import { boundNotification } from './bound-notification.ts'
import {
  headlineOf,
  linesOf,
  omissionSentenceOf,
  reasonSentenceOf,
  titleOf,
} from './describe-notification.ts'
import { fitText, jsonBytes } from './fit-text.ts'

/** A message for Slack. `text` is what a notification on a phone shows. */
export interface SlackMessage {
  readonly text: string
  readonly blocks: readonly SlackBlock[]
  readonly unfurl_links: false
  readonly unfurl_media: false
}

type SlackBlock =
  | { readonly type: 'header' | 'section'; readonly text: PlainText }
  | { readonly type: 'context'; readonly elements: readonly (PlainText | MarkdownText)[] }

interface PlainText {
  readonly type: 'plain_text'
  readonly text: string
  readonly emoji: false
}

interface MarkdownText {
  readonly type: 'mrkdwn'
  readonly text: string
  readonly verbatim: true
}

/** https://docs.slack.dev/reference/block-kit/blocks/header-block */
const HEADER_MAX = 150
/** https://docs.slack.dev/reference/block-kit/composition-objects/text-object */
const TEXT_MAX = 3_000
/** Below that, so that one alert leaves room for others. */
const ALERT_TEXT_MAX = 1_500
const CONTEXT_TEXT_MAX = 400
const FALLBACK_MAX = 300
/** An alert takes two blocks at most, and a message 50: three of them are around the alerts. */
const ALERTS_MAX = 23
/**
 * Slack refuses a message with `msg_blocks_too_long` when all blocks together have about 13,200
 * characters, a limit that it does not document: https://github.com/slackapi/bolt-js/issues/2509.
 */
const BLOCKS_BYTES_MAX = 12_000
/** What Slack adds to each block, such as its `block_id`. */
const BLOCK_OVERHEAD_BYTES = 40

/**
 * The notification as Block Kit. Text of alerts stands in `plain_text` only, where neither formatting
 * nor a mention nor a link is understood; the one `mrkdwn` is the link to a runbook.
 */
export function slackMessage(notification: AlertNotification): SlackMessage {
  const bounded = boundNotification(notification, ALERTS_MAX)
  const { alerts, omittedAlertCount, id } = bounded
  const headline = headlineOf(bounded)
  const head: SlackBlock[] = [
    { type: 'header', text: plainText(headline, HEADER_MAX) },
    { type: 'context', elements: [plainText(reasonSentenceOf(bounded), CONTEXT_TEXT_MAX)] },
  ]
  const foot = (shown: number): SlackBlock => {
    const omission = omissionSentenceOf(omittedAlertCount + alerts.length - shown)
    const parts = [omission, `Notification ${id}`].filter((each) => each !== undefined)
    return { type: 'context', elements: parts.map((part) => plainText(part, CONTEXT_TEXT_MAX)) }
  }

  let bytes = sizeOf([...head, foot(0)])
  const shown: SlackBlock[][] = []
  for (const alert of alerts) {
    const blocks = alertBlocks(alert)
    bytes += sizeOf(blocks)
    if (bytes > BLOCKS_BYTES_MAX) break
    shown.push(blocks)
  }
  return {
    text: fitText(headline, FALLBACK_MAX, escapeFallback),
    blocks: [...head, ...shown.flat(), foot(shown.length)],
    unfurl_links: false,
    unfurl_media: false,
  }
}

function alertBlocks(alert: NotifiedAlert): SlackBlock[] {
  const text = [titleOf(alert), ...linesOf(alert)].join('\n')
  const section: SlackBlock = { type: 'section', text: plainText(text, ALERT_TEXT_MAX) }
  const link = `<${(alert.runbookUrl ?? '').replaceAll('&', '&amp;')}|Runbook>`
  if (alert.runbookUrl === undefined || link.length > TEXT_MAX) return [section]
  const element = { type: 'mrkdwn', text: link, verbatim: true } as const
  return [section, { type: 'context', elements: [element] }]
}

function plainText(text: string, lengthMax: number): PlainText {
  return { type: 'plain_text', text: fitText(text, lengthMax, escape), emoji: false }
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escape(character: string): string {
  switch (character) {
    case '&':
      return '&amp;'
    case '<':
      return '&lt;'
    case '>':
      return '&gt;'
    default:
      return character
  }
}

/** The fallback is read as markup: a zero-width space keeps `@channel` from being a mention. */
function escapeFallback(character: string): string {
  return character === '@' ? '@\u200b' : escape(character)
}

function sizeOf(blocks: readonly SlackBlock[]): number {
  return jsonBytes(blocks) + blocks.length * BLOCK_OVERHEAD_BYTES
}
