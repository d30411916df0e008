import { sampleAlert, sampleNotification, slackComplaints } from '@assay/test-servers'
import { describe, expect, it } from 'vitest'

import { consoleChannel } from './console-channel.ts'
import { headlineOf, omissionSentenceOf, reasonSentenceOf } from './describe-notification.ts'
import { discordMessage } from './discord-message.ts'
import { pagerDutyEvent } from './pager-duty-event.ts'
import { slackMessage } from './slack-message.ts'

const ended = sampleAlert({ status: 'resolved', endsAt: Date.UTC(2026, 4, 1, 9, 45) })
const hostile = sampleAlert({
  name: '<!channel> & *bold*',
  summary: '@everyone [click](https://evil.example.com) <@1>',
  runbookUrl: 'https://example.com/run|book?a=1&b=<2>',
})

describe('headlineOf', () => {
  it.each([
    [{}, 'CRITICAL OracleServiceDown: 1 firing'],
    [{ alerts: [sampleAlert(), ended] }, 'CRITICAL OracleServiceDown: 1 firing, 1 resolved'],
    [{ status: 'resolved', alerts: [ended] }, 'RESOLVED OracleServiceDown: 1 resolved'],
    [
      { alerts: [sampleAlert(), sampleAlert({ name: 'B' }), sampleAlert({ name: 'C' })] },
      'CRITICAL OracleServiceDown and 2 other: 3 firing',
    ],
    [{ omittedAlertCount: 7 }, 'CRITICAL OracleServiceDown: 1 firing, 7 more'],
    [{ alerts: [] }, 'CRITICAL oncall: no alerts'],
  ] as const)('says %j in a line', (fields, headline) => {
    expect(headlineOf(sampleNotification(fields))).toBe(headline)
  })
})

it.each([
  [{ reason: 'escalation', escalationLevel: 2 }, 'escalation level 2'],
  [{ reason: 'acknowledged', acknowledgedBy: 'Ada' }, 'Acknowledged by Ada.'],
  [{ reason: 'acknowledged' }, 'Acknowledged.'],
  [{ reason: 'repeat' }, 'Nothing has changed'],
  [{ reason: 'resolved-members' }, 'others still fire'],
] as const)('says why: %j', (fields, sentence) => {
  expect(reasonSentenceOf(sampleNotification(fields))).toContain(sentence)
})

it('says how many are not shown', () => {
  expect([0, 1, 2].map(omissionSentenceOf)).toEqual([
    undefined,
    'And 1 more alert.',
    'And 2 more alerts.',
  ])
})

describe('slackMessage', () => {
  it('shows a header, the reason, each alert with its runbook, and the id', () => {
    const runbookUrl = 'https://example.com/runbook'
    const alerts = [sampleAlert({ runbookUrl, value: 3, description: 'More.\nAnd more.' })]
    const { text, blocks } = slackMessage(sampleNotification({ alerts }))
    expect(text).toBe('CRITICAL OracleServiceDown: 1 firing')
    expect(blocks).toEqual([
      { type: 'header', text: plain('CRITICAL OracleServiceDown: 1 firing') },
      { type: 'context', elements: [plain('New alerts fire.')] },
      {
        type: 'section',
        text: plain(
          [
            'CRITICAL OracleServiceDown',
            'The oracle has not answered for 2 minutes.',
            'More.',
            'And more.',
            'value: 3',
            'market=m-7',
            'since 2026-05-01T09:30:00.000Z, from oracle',
          ].join('\n'),
        ),
      },
      {
        type: 'context',
        elements: [
          { type: 'mrkdwn', text: '<https://example.com/runbook|Runbook>', verbatim: true },
        ],
      },
      { type: 'context', elements: [plain('Notification n-1')] },
    ])
  })

  it('takes the sting out of mentions, markup and links', () => {
    const { text, blocks } = slackMessage(sampleNotification({ alerts: [hostile] }))
    expect(text).toBe('CRITICAL &lt;!channel&gt; &amp; *bold*: 1 firing')
    expect(JSON.stringify(blocks)).toContain('&lt;@1&gt;')
    const link = '<https://example.com/run%7Cbook?a=1&amp;b=%3C2%3E|Runbook>'
    expect(JSON.stringify(blocks)).toContain(JSON.stringify(link))
  })

  it('says how many alerts did not fit', () => {
    const alerts = Array.from({ length: 500 }, () =>
      sampleAlert({ description: 'x'.repeat(2_000) }),
    )
    const message = slackMessage(sampleNotification({ alerts, omittedAlertCount: 10 }))
    expect(slackComplaints(JSON.stringify(message))).toEqual([])
    const sections = message.blocks.filter(({ type }) => type === 'section').length
    expect(sections).toBe(7)
    expect(JSON.stringify(message.blocks.at(-1))).toContain(`And ${510 - sections} more alerts.`)
  })
})

describe('discordMessage', () => {
  it('shows each alert as an embed, in the colour of its severity or of its end', () => {
    const alerts = [sampleAlert({ runbookUrl: 'https://example.com/r' }), ended]
    const { content, embeds } = discordMessage(sampleNotification({ alerts }))
    expect(content.split('\n')).toEqual([
      '**CRITICAL OracleServiceDown: 1 firing, 1 resolved**',
      'New alerts fire.',
      '-# n-1',
    ])
    expect(embeds).toMatchObject([
      { title: 'CRITICAL OracleServiceDown', url: 'https://example.com/r', color: 0xb71c1c },
      { title: 'resolved OracleServiceDown', color: 0x2e7d32 },
    ])
  })

  it('takes the sting out of mentions, markup and links', () => {
    const { content, embeds } = discordMessage(sampleNotification({ alerts: [hostile] }))
    expect(content).toContain('\\<!channel\\> & \\*bold\\*')
    expect(embeds[0]?.description).toContain(
      '\\@everyone \\[click\\]\\(https://evil.example.com\\)',
    )
  })

  it('says how many alerts did not fit', () => {
    const alerts = Array.from({ length: 500 }, () =>
      sampleAlert({ description: 'x'.repeat(2_000) }),
    )
    const { content, embeds } = discordMessage(sampleNotification({ alerts }))
    expect(embeds).toHaveLength(3)
    expect(content).toContain('And 497 more alerts.')
  })
})

describe('pagerDutyEvent', () => {
  it('carries what the people on call need', () => {
    const alerts = [sampleAlert({ severity: 'high', runbookUrl: 'https://example.com/r' })]
    const event = pagerDutyEvent(sampleNotification({ alerts, severity: 'high' }))
    expect(event).toMatchObject({
      event_action: 'trigger',
      dedup_key: 'OracleServiceDown:m-7',
      links: [{ href: 'https://example.com/r', text: 'Runbook: OracleServiceDown' }],
      payload: {
        summary: 'HIGH OracleServiceDown: 1 firing. The oracle has not answered for 2 minutes.',
        source: 'oracle',
        severity: 'error',
        timestamp: '2026-05-01T09:30:00.000Z',
        class: 'OracleServiceDown',
        custom_details: { notification_id: 'n-1', reason: 'New alerts fire.', omitted_alerts: 0 },
      },
    })
  })

  it('resolves by the same key that it triggered, however long the key', () => {
    const groupKey = 'g'.repeat(400)
    const key = (fields: object) => pagerDutyEvent(sampleNotification({ groupKey, ...fields }))
    const trigger = key({})
    const resolve = key({ status: 'resolved', reason: 'resolved' })
    expect(resolve).toEqual({ event_action: 'resolve', dedup_key: trigger.dedup_key })
    expect(trigger.dedup_key).toHaveLength(255)
    expect(pagerDutyEvent(sampleNotification({ groupKey: `${groupKey}g` })).dedup_key).not.toBe(
      trigger.dedup_key,
    )
  })
})

describe('consoleChannel', () => {
  it('writes the headline, the reason and the lines of each alert', async () => {
    const lines: string[] = []
    const channel = consoleChannel({ write: (line) => void lines.push(line), alertsMax: 1 })
    const forged = sampleAlert({
      description: 'a\u001b[2K\nb',
      runbookUrl: 'https://example.com/r',
    })
    const alerts = [forged, sampleAlert()]
    await channel.deliver(sampleNotification({ alerts }), { signal: new AbortController().signal })
    expect(lines).toEqual([
      'CRITICAL OracleServiceDown: 1 firing, 1 more',
      '  New alerts fire.',
      '  CRITICAL OracleServiceDown',
      '    The oracle has not answered for 2 minutes.',
      '    a[2K',
      '    b',
      '    market=m-7',
      '    since 2026-05-01T09:30:00.000Z, from oracle',
      '    runbook: https://example.com/r',
      '  And 1 more alert.',
    ])
  })
})

function plain(text: string) {
  return { type: 'plain_text', text, emoji: false }
}
