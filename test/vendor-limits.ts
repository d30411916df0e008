/** What is wrong with a payload, by what its vendor documents; empty when nothing is. */
export type Complaints = readonly string[]

/**
 * Slack: https://docs.slack.dev/reference/block-kit/blocks (50 blocks; header 150, section 3,000,
 * context 10 elements; no empty text), https://docs.slack.dev/messaging/formatting-message-text (`&`,
 * `<` and `>` escaped), and the undocumented limit of about 13,200 for all blocks together,
 * https://github.com/slackapi/bolt-js/issues/2509.
 */
export function slackComplaints(body: string): Complaints {
  const check = startCheck(body)
  const { text, blocks } = check.payload as { text?: unknown; blocks?: unknown }
  check.text('text', text, { min: 1, max: 40_000 })
  check.that(!/@(?!\u200b)|<|>|&(?!(?:amp|lt|gt);)/.test(String(text)), 'text is not defused')
  check.that(Array.isArray(blocks) && blocks.length >= 1 && blocks.length <= 50, 'blocks: 1 to 50')
  check.that(JSON.stringify(blocks).length < 13_000, 'msg_blocks_too_long')
  for (const block of asArray(blocks)) {
    const { type, text: blockText, elements } = block as Record<string, unknown>
    if (type === 'header' || type === 'section') {
      checkSlackText(check, blockText, type === 'header' ? 150 : 3_000)
      check.that((blockText as { type?: unknown }).type === 'plain_text', `${type} is markup`)
    } else if (type === 'context') {
      const list = asArray(elements)
      check.that(list.length >= 1 && list.length <= 10, 'context: 1 to 10 elements')
      for (const element of list) checkSlackText(check, element, 3_000)
    } else check.that(false, `unknown block ${String(type)}`)
  }
  return check.complaints
}

function checkSlackText(check: Check, object: unknown, max: number): void {
  const { type, text, verbatim } = (object ?? {}) as Record<string, unknown>
  check.text('text object', text, { min: 1, max })
  if (type === 'plain_text') {
    check.that(!/<|>|&(?!(?:amp|lt|gt);)/.test(String(text)), 'plain_text is not escaped')
  } else {
    check.that(type === 'mrkdwn' && verbatim === true, 'mrkdwn is parsed for mentions')
    check.that(/^<https?:[^<>|\s]+\|Runbook>$/.test(String(text)), 'mrkdwn is not our link')
  }
}

/**
 * Discord: https://docs.discord.com/developers/resources/webhook#execute-webhook (content 2,000, 10
 * embeds, allowed mentions) and https://docs.discord.com/developers/resources/message#embed-object
 * (title 256, description 4,096, all embeds together 6,000).
 */
export function discordComplaints(body: string): Complaints {
  const check = startCheck(body)
  const { content, embeds, allowed_mentions } = check.payload as Record<string, unknown>
  check.text('content', content, { min: 1, max: 2_000 })
  check.that(JSON.stringify(allowed_mentions) === '{"parse":[]}', 'mentions are allowed')
  const list = asArray(embeds) as Record<string, unknown>[]
  check.that(Array.isArray(embeds) && list.length <= 10, 'embeds: at most 10')
  let length = 0
  for (const { title, description, url, color, timestamp } of list) {
    check.text('title', title, { min: 1, max: 256 })
    check.text('description', description, { min: 1, max: 4_096 })
    length += String(title).length + String(description).length
    check.that(url === undefined || isHttpUrl(url), 'embed url is no URL')
    check.that(Number.isInteger(color) && Number(color) <= 0xffffff, 'color is no color')
    check.moment('timestamp', timestamp)
    check.that(!/(?<!\\)(?:\\\\)*[<>`@[\]]/.test(String(description)), 'markdown is not escaped')
  }
  check.that(length <= 6_000, 'embeds: at most 6,000 characters together')
  return check.complaints
}

/**
 * PagerDuty: https://developer.pagerduty.com/docs/send-alert-event (fields, dedup_key 255, summary
 * 1,024) and https://developer.pagerduty.com/docs/events-api-v2-overview (512 KB).
 */
export function pagerDutyComplaints(body: string): Complaints {
  const check = startCheck(body)
  const { payload, links, ...event } = check.payload as Record<string, unknown>
  check.that(Buffer.byteLength(body) <= 512_000, 'more than 512 KB')
  check.text('routing_key', event['routing_key'], { min: 32, max: 32 })
  check.text('dedup_key', event['dedup_key'], { min: 1, max: 255 })
  if (event['event_action'] !== 'trigger') {
    check.that(['acknowledge', 'resolve'].includes(String(event['event_action'])), 'event_action')
    return check.complaints
  }
  const fields = (payload ?? {}) as Record<string, unknown>
  check.text('summary', fields['summary'], { min: 1, max: 1_024 })
  check.text('source', fields['source'], { min: 1, max: 255 })
  const severities = ['critical', 'error', 'warning', 'info']
  check.that(severities.includes(String(fields['severity'])), 'severity')
  check.moment('timestamp', fields['timestamp'])
  for (const link of asArray(links)) {
    check.that(isHttpUrl((link as { href?: unknown }).href), 'link without a URL')
  }
  return check.complaints
}

/** Alertmanager's webhook: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. */
export function webhookComplaints(body: string): Complaints {
  const check = startCheck(body)
  const payload = check.payload as Record<string, unknown>
  check.that(payload['version'] === '4', 'version is not 4')
  check.that(Number.isInteger(payload['truncatedAlerts']), 'truncatedAlerts is no number')
  for (const field of ['groupKey', 'receiver', 'externalURL']) {
    check.that(typeof payload[field] === 'string', `${field} is no text`)
  }
  checkStatus(check, payload['status'])
  for (const field of ['groupLabels', 'commonLabels', 'commonAnnotations']) {
    checkStringMap(check, payload[field])
  }
  check.that(Array.isArray(payload['alerts']), 'alerts is no list')
  for (const alert of asArray(payload['alerts']) as Record<string, unknown>[]) {
    checkStatus(check, alert['status'])
    checkStringMap(check, alert['labels'])
    checkStringMap(check, alert['annotations'])
    check.moment('startsAt', alert['startsAt'])
    check.moment('endsAt', alert['endsAt'])
    check.text('fingerprint', alert['fingerprint'], { min: 1, max: 255 })
    check.that(typeof alert['generatorURL'] === 'string', 'generatorURL is no text')
    check.text('alertname', (alert['labels'] as Record<string, unknown>)['alertname'], { min: 1 })
  }
  return check.complaints
}

/**
 * Alertmanager's API: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml, and
 * the names that https://prometheus.io/docs/concepts/data_model allows.
 */
export function alertmanagerComplaints(body: string): Complaints {
  const check = startCheck(body)
  check.that(Array.isArray(check.payload), 'not a list')
  for (const alert of asArray(check.payload) as Record<string, unknown>[]) {
    for (const field of ['labels', 'annotations']) {
      checkStringMap(check, alert[field])
      for (const name of Object.keys(alert[field] as object)) {
        check.that(/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name), `label name ${name}`)
      }
    }
    check.text('alertname', (alert['labels'] as Record<string, unknown>)['alertname'], { min: 1 })
    check.moment('startsAt', alert['startsAt'])
    check.moment('endsAt', alert['endsAt'])
    check.that(String(alert['endsAt']) >= String(alert['startsAt']), 'ends before it starts')
  }
  return check.complaints
}

// oxlint-disable-next-line no-control-regex -- controls are what it is about
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

type Check = ReturnType<typeof startCheck>

function startCheck(body: string) {
  const complaints: string[] = []
  const that = (isFine: boolean, complaint: string): void => {
    if (!isFine) complaints.push(complaint)
  }
  const payload: unknown = JSON.parse(body)
  walkStrings(payload, (text) => {
    that(text.isWellFormed(), 'a surrogate pair is cut in half')
    that(!CONTROL.test(text), 'control')
  })
  return {
    complaints,
    payload,
    that,
    text(name: string, value: unknown, { min = 0, max = Infinity }): void {
      const length = typeof value === 'string' ? value.length : Number.NaN
      that(length >= min && length <= max, `${name}: ${min} to ${max} characters, not ${length}`)
    },
    moment(name: string, value: unknown): void {
      const isMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/.test(String(value))
      that(isMoment, `${name} is no moment of RFC 3339: ${String(value)}`)
    },
  }
}

function checkStatus(check: Check, status: unknown): void {
  check.that(status === 'firing' || status === 'resolved', `status ${String(status)}`)
}

function checkStringMap(check: Check, map: unknown): void {
  const isObject = typeof map === 'object' && map !== null && !Array.isArray(map)
  const values: unknown[] = isObject ? Object.values(map) : []
  check.that(isObject && values.every((value) => typeof value === 'string'), 'no map of texts')
}

function walkStrings(value: unknown, visit: (text: string) => void): void {
  if (typeof value === 'string') visit(value)
  else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      visit(key)
      walkStrings(each, visit)
    }
  }
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value)
}
