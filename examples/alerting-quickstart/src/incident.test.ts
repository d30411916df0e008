import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createChannels } from './alerting.ts'
import { expected, runIncident } from './incident.ts'
import { startReceiver } from './receiver.ts'

test('tells those who should hear, once each, as the README shows it', async () => {
  const timeline: string[] = []
  const received = await runIncident((line) => timeline.push(line))

  expect(received).toEqual(expected)
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
  expect(readme).toContain(`\n${timeline.join('\n')}\n`)
})

test('the receiver takes no webhook that another secret has signed', async () => {
  const receiver = await startReceiver('whsec_b2YgYW5vdGhlciBiYWNrZW5k')
  const { lead } = createChannels(receiver.url)
  const delivery = lead?.deliver(
    {
      id: 'n-1',
      reason: 'firing',
      status: 'firing',
      receiver: 'lead',
      groupKey: 'PayoutQueueTooLong',
      groupLabels: {},
      commonLabels: {},
      severity: 'critical',
      alerts: [],
      omittedAlertCount: 1,
      escalationLevel: 0,
      at: 0,
    },
    { signal: new AbortController().signal },
  )

  await expect(delivery).rejects.toMatchObject({ code: 'ALERT_DELIVERY_REFUSED' })
  expect(receiver.take()).toEqual([])
  await receiver.close()
})
