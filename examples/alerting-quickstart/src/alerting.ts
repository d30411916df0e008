import {
  type AlertChannel,
  type AlertPolicy,
  type AlertRule,
  createOperationsRules,
  defaultAlertPolicy,
  defineAlertRule,
  measure,
  pagerDutyChannel,
  slackChannel,
  webhookChannel,
} from '@assay/core'

import { PAYOUT_QUEUE_LENGTH } from './payments-backend.ts'

/** Signs what goes to webhooks, so that their receiver can tell that it comes from here. */
export const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** One rule of our own, and one of the library. */
export const rules: readonly AlertRule[] = [
  defineAlertRule({
    name: 'PayoutQueueTooLong',
    severity: 'critical',
    expr: measure.gauge({ metric: PAYOUT_QUEUE_LENGTH, by: ['queue'] }),
    op: '>',
    threshold: 100,
    forMs: 60_000,
    labels: { component: 'payouts' },
    runbookUrl: 'https://runbooks.example/payout-queue-too-long',
    summary: 'More than 100 payouts wait in a queue.',
  }),
  ...createOperationsRules().filter(({ name }) => name === 'APIHighErrorRate'),
]

/**
 * The default policy: critical alerts page, high ones go to Slack, those of the API to the people of
 * the API as well. Nobody has acknowledged a critical one after five minutes: the lead hears of it.
 */
export const policy: AlertPolicy = defaultAlertPolicy({
  components: { api: 'api-monitoring' },
  escalation: { critical: ['lead'] },
})

/** The real channels, pointed at a receiver that plays the other side. */
export function createChannels(receiverUrl: string): Record<string, AlertChannel> {
  const webhook = (name: string): AlertChannel =>
    webhookChannel({ name, url: `${receiverUrl}/webhook/${name}`, secret: WEBHOOK_SECRET })
  return {
    slack: slackChannel({ webhookUrl: `${receiverUrl}/slack` }),
    pagerduty: pagerDutyChannel({ url: `${receiverUrl}/pagerduty`, routingKey: 'R0UT1NGKEY' }),
    'api-monitoring': webhook('api-monitoring'),
    lead: webhook('lead'),
  }
}
