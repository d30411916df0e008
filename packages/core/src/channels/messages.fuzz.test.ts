import {
  alertmanagerComplaints,
  type Complaints,
  discordComplaints,
  pagerDutyComplaints,
  sampleAlert,
  sampleNotification,
  slackComplaints,
  webhookComplaints,
} from '@assay/test-servers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { AlertNotification, NotifiedAlert } from '../alerts/alert-notification.ts'
import { alertmanagerAlert, alertmanagerRecord } from './alertmanager-alert.ts'
import { consoleChannel } from './console-channel.ts'
import { discordMessage } from './discord-message.ts'
import { emailMessage } from './email-message.ts'
import { pagerDutyEvent } from './pager-duty-event.ts'
import { slackMessage } from './slack-message.ts'
import { webhookPayload } from './webhook-payload.ts'

const HOSTILE = [
  '<!channel>',
  '<!everyone|hi>',
  '<@U012AB3CD>',
  '@everyone @here',
  '<script>alert(1)</script>',
  '</p><img src=x onerror=alert(1)>',
  '\r\nBcc: thief@example.com\r\n\r\n',
  '&amp;&lt;',
  '&',
  '[here](https://evil.example.com)',
  '`*_~|>#-\\',
  '\u001b[31m\u0000\u0007',
  '\u202e\u2066\u200b',
  '\ud83d',
  '😀',
  '👩\u200d👩\u200d👧',
  'javascript:alert(1)',
  'https://example.com/a|b<c>"d',
  '__proto__',
  '\u2028',
  '€',
  '"',
]

/** Short texts, and now and then a piece repeated until it is beyond every limit. */
const text: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 8 })), {
        maxLength: 4,
      })
      .map((parts) => parts.join('')),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...HOSTILE), fc.integer({ min: 1, max: 2_000 }))
      .map(([piece, times]) => piece.repeat(times).slice(0, 10_000)),
  },
)
const moment = fc.oneof(
  fc.integer({ min: 0, max: 2_000_000_000_000 }),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -1, 8.64e15, 8.64e15 + 1, 1e300, 0.5),
)
const severity = fc.constantFrom('critical', 'high', 'medium', 'low')
const status = fc.constantFrom('firing', 'resolved')
const labels = fc.oneof(
  { weight: 4, arbitrary: fc.dictionary(text, text, { maxKeys: 4 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 120 }), text)
      .map(([count, value]) =>
        Object.fromEntries(Array.from({ length: count }, (_, index) => [`label-${index}`, value])),
      ),
  },
)
const alert: fc.Arbitrary<NotifiedAlert> = fc.record({
  name: text,
  severity,
  labels,
  summary: text,
  description: fc.option(text, { nil: undefined }),
  runbookUrl: fc.option(text, { nil: undefined }),
  value: fc.option(fc.double(), { nil: undefined }),
  startsAt: moment,
  source: text,
  fingerprint: text,
  status,
  endsAt: fc.option(moment, { nil: null }),
})
const notification: fc.Arbitrary<AlertNotification> = fc
  .record({
    id: text,
    reason: fc.constantFrom(
      'firing',
      'resolved-members',
      'resolved',
      'repeat',
      'escalation',
      'acknowledged',
    ),
    status,
    receiver: text,
    groupKey: text,
    groupLabels: labels,
    commonLabels: labels,
    severity,
    kinds: fc.array(alert, { maxLength: 3 }),
    count: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.constantFrom(100, 2_000)),
    omittedAlertCount: fc.nat(),
    acknowledgedBy: fc.option(text, { nil: undefined }),
    escalationLevel: fc.nat(),
    at: moment,
  })
  .map(({ kinds, count, ...rest }) =>
    Object.assign(rest, {
      alerts:
        kinds.length === 0
          ? []
          : Array.from(
              { length: count },
              (_, index) => kinds[index % kinds.length] ?? sampleAlert(),
            ),
    }),
  )

const writers: readonly [
  string,
  (each: AlertNotification) => string,
  (body: string) => Complaints,
][] = [
  ['Slack', (each) => JSON.stringify(slackMessage(each)), slackComplaints],
  ['Discord', (each) => JSON.stringify(discordMessage(each)), discordComplaints],
  [
    'PagerDuty',
    (each) => JSON.stringify({ routing_key: 'x'.repeat(32), ...pagerDutyEvent(each) }),
    pagerDutyComplaints,
  ],
  [
    'webhook',
    (each) =>
      JSON.stringify(
        webhookPayload(each, { alertsMax: 1_000, bytesMax: 1_048_576, externalUrl: '' }),
      ),
    webhookComplaints,
  ],
  [
    'Alertmanager',
    (each) =>
      JSON.stringify(
        each.alerts
          .slice(0, 250)
          .map((one) => alertmanagerAlert(alertmanagerRecord(one, 0), 1_000)),
      ),
    alertmanagerComplaints,
  ],
]

describe.each(writers)('a message for %s', (name, write, complaints) => {
  it('is valid and within the limits, whatever the notification is made of', () => {
    fc.assert(
      fc.property(notification, (each) => {
        const body = write(each)
        expect(complaints(body)).toEqual([])
        if (name === 'webhook') expect(Buffer.byteLength(body)).toBeLessThanOrEqual(1_048_576)
      }),
      { numRuns: 50 },
    )
  })

  it('is valid when every text and every list is as large as it can be', () => {
    for (const piece of HOSTILE) {
      const large = piece.repeat(Math.ceil(9_000 / piece.length))
      const huge = sampleAlert({
        name: large,
        labels: Object.fromEntries(
          Array.from({ length: 60 }, (_, index) => [`${index}${large}`, large]),
        ),
        summary: large,
        description: large,
        runbookUrl: `https://example.com/?${'&'.repeat(1_970)}`,
        source: large,
        fingerprint: large,
      })
      const groupLabels = huge.labels
      const alerts = Array.from({ length: 40 }, () => huge)
      const fields = { id: large, groupKey: large, receiver: large, alerts, acknowledgedBy: large }
      expect(complaints(write(sampleNotification({ ...fields, groupLabels })))).toEqual([])
    }
  })
})

it('keeps every e-mail a message of one subject, within its bounds', () => {
  fc.assert(
    fc.property(notification, (each) => {
      const mail = emailMessage(each, { from: 'a@example.com', to: ['b@example.com'] })
      expect(mail.subject).toMatch(/^[^\p{Cc}\p{Cs}]{1,200}$/u)
      const headers = [mail.messageId, mail.references, ...Object.values(mail.headers)]
      for (const header of headers) expect(header).toMatch(/^[ -~]{1,255}$/)
      expect(mail.text.length).toBeLessThan(400_000)
      expect(mail.text.isWellFormed()).toBe(true)
      const markup = new Set(mail.html.match(/<[^a]\/?[a-z0-9]*[^>]*>/g))
      const ours = [
        '<!doctype html>',
        '<html>',
        '<body>',
        '<h2>',
        '</h2>',
        '<p>',
        '</p>',
        '<h3>',
        '</h3>',
        '<br>',
        '</a>',
        '</body>',
        '</html>',
      ]
      for (const tag of markup) expect(ours).toContain(tag)
    }),
    { numRuns: 50 },
  )
})

it('writes to a console without control characters, one line at a time', async () => {
  await fc.assert(
    fc.asyncProperty(notification, async (each) => {
      const lines: string[] = []
      const channel = consoleChannel({ write: (line) => void lines.push(line), alertsMax: 5 })
      await channel.deliver(each, { signal: new AbortController().signal })
      for (const line of lines) expect(line).toMatch(/^[^\p{Cc}\p{Cs}\u202a-\u202e]*$/u)
      expect(lines.length).toBeGreaterThanOrEqual(2)
    }),
    { numRuns: 50 },
  )
})
