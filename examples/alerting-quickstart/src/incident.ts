import {
  createAlertManager,
  createRegistrySource,
  createRuleAlerting,
  createRuleEvaluator,
} from '@assay/core'
import { createTestClock } from '@assay/core/testing'

import { createChannels, policy, rules, WEBHOOK_SECRET } from './alerting.ts'
import { createPaymentsBackend } from './payments-backend.ts'
import { startReceiver } from './receiver.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

/** What people must hear in the incident, and when. */
export const expected: readonly string[] = [
  // Half a minute after two queues began to fire: one incident. The silenced queue is not in it.
  '09:07:15  pagerduty       trigger incident 1  CRITICAL PayoutQueueTooLong: 2 firing. More than 100 payouts wait in a queue.',
  '09:08:30  api-monitoring  firing: APIHighErrorRate',
  '09:08:30  slack           HIGH APIHighErrorRate: 1 firing',
  // Five minutes later nobody has acknowledged.
  '09:12:15  lead            escalation: PayoutQueueTooLong card, PayoutQueueTooLong sepa',
  '09:14:15  pagerduty       acknowledge incident 1',
  // Whoever was told hears that it is over: the lead too.
  '09:17:15  lead            resolved: PayoutQueueTooLong card, PayoutQueueTooLong sepa',
  '09:17:15  pagerduty       resolve incident 1',
  // The errors leave the window of five minutes, and then the group interval ends.
  '09:23:30  api-monitoring  resolved: APIHighErrorRate',
  '09:23:30  slack           RESOLVED APIHighErrorRate: 1 resolved',
]

/**
 * Half an hour of a backend whose card processor goes away, on a clock that is moved by hand: waits of
 * minutes pass at once. The channels keep the machine's clock, because they talk to a real server.
 *
 * @param print gets the timeline, line by line
 * @returns what the receiver got, a line each
 */
export async function runIncident(print: (line: string) => void): Promise<readonly string[]> {
  const clock = createTestClock({ now: Date.UTC(2026, 4, 4, 9) })
  const receiver = await startReceiver(WEBHOOK_SECRET)
  const backend = createPaymentsBackend(clock)
  const source = createRegistrySource(backend.metrics)
  const evaluator = createRuleEvaluator({ rules, source, clock })
  const manager = createAlertManager({ policy, channels: createChannels(receiver.url), clock })
  const alerting = createRuleAlerting({ evaluator, manager, clock })
  const received: string[] = []

  function say(line: string): string {
    const timed = `${new Date(clock.now()).toISOString().slice(11, 19)}  ${line}`
    print(timed)
    return timed
  }

  /** What `alerting.run` and `manager.run` do on timers in a backend. */
  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 15 * SECOND) {
      await backend.serve()
      await clock.advance(15 * SECOND)
      await alerting.tick()
      await manager.tick()
      received.push(...receiver.take().map(say))
    }
  }

  try {
    await pass(5 * MINUTE)
    say('— ben silences the queue of refunds, which is being moved')
    await manager.silence({
      matchers: ['alertname="PayoutQueueTooLong"', 'queue="refunds"'],
      endsAt: clock.now() + 60 * MINUTE,
      author: 'ben',
    })
    say('— the card processor goes away')
    backend.isProcessorUp = false
    await pass(9 * MINUTE)

    const [alert] = await manager.alerts({ matchers: ['queue="card"'] })
    say('— ana acknowledges')
    await manager.acknowledge(alert?.fingerprint ?? '', { by: 'ana' })
    await pass(3 * MINUTE)

    say('— the card processor is back')
    backend.isProcessorUp = true
    await pass(13 * MINUTE)
    return received
  } finally {
    await manager.close()
    await receiver.close()
  }
}
