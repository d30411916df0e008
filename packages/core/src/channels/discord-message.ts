import type { AlertNotification, NotifiedAlert } from '../alerts/alert-notification.ts'
import type { Severity } from '../alerts/severity.ts'
import { formatTimestamp } from '../runtime/format-timestamp.ts'
import { boundNotification } from './bound-notification.ts'
import {
  headlineOf,
  linesOf,
  omissionSentenceOf,
  reasonSentenceOf,
  titleOf,
} from './describe-notification.ts'
import { fitText } from './fit-text.ts'

/** A message of https://docs.discord.com/developers/resources/webhook#execute-webhook. */
export interface DiscordMessage {
  readonly content: string
  readonly embeds: readonly DiscordEmbed[]
  /** None: no text of ours pings anyone. */
  readonly allowed_mentions: { readonly parse: readonly [] }
}

interface DiscordEmbed {
  readonly title: string
  readonly description: string
  readonly url?: string | undefined
  readonly color: number
  readonly timestamp: string
}

/** Well below the 2,000 that Discord takes: it is a line, a sentence and a count. */
const HEADLINE_MAX = 1_000
const SENTENCE_MAX = 500
/** https://docs.discord.com/developers/resources/message#embed-object-embed-limits */
const TITLE_MAX = 256
/** Below the 4,096 that Discord takes, so that one alert leaves room for others. */
const DESCRIPTION_MAX = 1_500
const EMBEDS_MAX = 10
/** Of all titles and descriptions of a message together. */
const EMBEDS_LENGTH_MAX = 6_000

const COLORS: Readonly<Record<Severity, number>> = {
  critical: 0xb71c1c,
  high: 0xe65100,
  medium: 0xf9a825,
  low: 0x546e7a,
}
const RESOLVED_COLOR = 0x2e7d32

/** The notification as text with one embed for each alert, as many as fit. */
export function discordMessage(notification: AlertNotification): DiscordMessage {
  const bounded = boundNotification(notification, EMBEDS_MAX)
  const { alerts, omittedAlertCount, id } = bounded
  const embeds: DiscordEmbed[] = []
  let length = 0
  for (const embed of alerts.map(alertEmbed)) {
    length += embed.title.length + embed.description.length
    if (length > EMBEDS_LENGTH_MAX) break
    embeds.push(embed)
  }
  const content = [
    `**${fitText(headlineOf(bounded), HEADLINE_MAX, escape)}**`,
    fitText(reasonSentenceOf(bounded), SENTENCE_MAX, escape),
    omissionSentenceOf(omittedAlertCount + alerts.length - embeds.length),
    `-# ${fitText(id, SENTENCE_MAX / 2, escape)}`,
  ].filter((line) => line !== undefined)
  return { content: content.join('\n'), embeds, allowed_mentions: { parse: [] } }
}

function alertEmbed(alert: NotifiedAlert): DiscordEmbed {
  return {
    title: fitText(titleOf(alert), TITLE_MAX, escape),
    description: fitText(linesOf(alert).join('\n'), DESCRIPTION_MAX, escape),
    url: alert.runbookUrl,
    color: alert.status === 'resolved' ? RESOLVED_COLOR : COLORS[alert.severity],
    timestamp: formatTimestamp(alert.startsAt),
  }
}

/** A backslash makes Discord show what would format, link, quote or mention. */
function escape(character: string): string {
  return /[\\*_~`|<>#@[\]()]/.test(character) ? `\\${character}` : character
}
