export { describeEachDatabase, type SqlAdapters } from './describe-each-database.ts'
export { describePostgres } from './describe-postgres.ts'
export { startPglite } from './start-pglite.ts'
export type { TestDatabase } from './create-database.ts'
export { createSkippingClock, type SkippingClock } from './create-skipping-clock.ts'
export { sampleAlert, sampleNotification } from './sample-notification.ts'
export {
  type HttpReceiver,
  type ReceivedRequest,
  type Reply,
  startHttpReceiver,
} from './start-http-receiver.ts'
export {
  alertmanagerComplaints,
  type Complaints,
  discordComplaints,
  pagerDutyComplaints,
  slackComplaints,
  webhookComplaints,
} from './vendor-limits.ts'
export {
  type Alertmanager,
  type Amtool,
  describeAlertmanager,
  describeAmtool,
  describePromtool,
  type Promtool,
} from './describe-tool.ts'
export { type RunningAlertmanager, startAlertmanager } from './start-alertmanager.ts'
export { describeAnvil } from './describe-anvil.ts'
export { type Anvil, ANVIL_KEYS, startAnvil } from './start-anvil.ts'
