export {
  type AlertConfirmation,
  type AlertDecision,
  type AlertNotice,
  type AlertReason,
  type NoAlert,
  type NoAlertReason,
  type StoredAlertDecision,
  type StoredUnconfirmedAlertNotice,
  type UnconfirmedAlertNotice,
} from './alert-deduplicator/alert-decision.ts'
export {
  ALERT_DEDUPLICATOR_EVICTED_TOTAL,
  ALERT_DEDUPLICATOR_NOTICES_TOTAL,
  ALERT_DEDUPLICATOR_REFUSED_TOTAL,
} from './alert-deduplicator/alert-deduplicator-metrics.ts'
export type {
  AlertDeduplicatorStore,
  AlertKeyCommit,
  StoredAlertKey,
} from './alert-deduplicator/alert-deduplicator-store.ts'
export type {
  ActiveFailure,
  AlertDeduplicator,
  StoredAlertDeduplicator,
} from './alert-deduplicator/alert-deduplicator.ts'
export { alertFingerprint } from './alert-deduplicator/alert-fingerprint.ts'
export type {
  AlertKeyState,
  AlertKnowledge,
  PendingDelivery,
} from './alert-deduplicator/alert-key-state.ts'
export {
  type AlertDeduplicatorOptions,
  createAlertDeduplicator,
  type StoredAlertDeduplicatorOptions,
} from './alert-deduplicator/create-alert-deduplicator.ts'
export { DeduplicatorContentionError } from './alert-deduplicator/deduplicator-contention-error.ts'
export { createMemoryAlertDeduplicatorStore } from './alert-deduplicator/memory-alert-deduplicator-store.ts'
export {
  createOperationsRules,
  type OperationsRulesOptions,
} from './alert-rule-library/create-operations-rules.ts'
export {
  type MetricNames,
  type MetricProducer,
  operationsMetrics,
  type OperationsMetric,
  type RuleMetric,
} from './alert-rule-library/rule-metrics.ts'
export type {
  AbsentExpression,
  AlertExpression,
  ArithmeticExpression,
  AverageExpression,
  ComparedExpression,
  GaugeExpression,
  IncreaseExpression,
  LeafExpression,
  ObservationsExpression,
  QuantileExpression,
  RateExpression,
  RatioExpression,
  SeriesFold,
  StreakExpression,
} from './alert-rules/alert-expression.ts'
export { type AlertNews, alertOfTransition } from './alert-rules/alert-of-transition.ts'
export type { AlertCondition, AlertOperator, AlertRule } from './alert-rules/alert-rule.ts'
export type {
  AlertRuleReader,
  AlertRuleReadings,
  AlertRuleSource,
  WindowEdge,
} from './alert-rules/alert-rule-source.ts'
export type {
  AlertRuleState,
  AlertState,
  AlertTransition,
  NoDataReason,
} from './alert-rules/alert-rule-state.ts'
export { compileRuleToPromql, compileToPromql } from './alert-rules/compile-promql.ts'
export {
  ALERT_RULE_SAMPLES_DROPPED_TOTAL,
  createRegistrySource,
  type RegistrySourceOptions,
} from './alert-rules/create-registry-source.ts'
export {
  type CountQuery,
  createRepositorySource,
  type MetricReadings,
  type MomentQuery,
  type QuantileQuery,
  type ReadingRow,
  type RepositorySourceOptions,
  type WindowQuery,
} from './alert-rules/create-repository-source.ts'
export { createRuleAlerting, type RuleAlertingOptions } from './alert-rules/create-rule-alerting.ts'
export {
  createRuleEvaluator,
  type RuleEvaluator,
  type RuleEvaluatorOptions,
  type RuleTick,
} from './alert-rules/create-rule-evaluator.ts'
export {
  type AlertConditionOptions,
  type AlertRuleOptions,
  defineAlertRule,
} from './alert-rules/define-alert-rule.ts'
export type { LabelMatch, LabelMatches } from './alert-rules/label-match.ts'
export { lastUtcDay } from './alert-rules/last-utc-day.ts'
export {
  type GaugeOptions,
  type GaugeWindowOptions,
  measure,
  type ObservationsOptions,
  type QuantileOptions,
  type SeriesOptions,
  type ShareAboveOptions,
  type WindowOptions,
} from './alert-rules/measure.ts'
export type {
  RuleAlerting,
  RuleAlertingFailure,
  RuleAlertingTick,
} from './alert-rules/rule-alerting.ts'
export type { LabelSet, RuleVector } from './alert-rules/rule-vector.ts'
export {
  type PrometheusRulesOptions,
  toPrometheusRules,
} from './alert-rules/to-prometheus-rules.ts'
export {
  type PromtoolExpectation,
  type PromtoolScenario,
  type PromtoolSeries,
  type PromtoolTestsOptions,
  toPromtoolTests,
} from './alert-rules/to-promtool-tests.ts'
export { toRunbookMarkdown } from './alert-rules/to-runbook-markdown.ts'
export type { AlertChannel, AlertDeliveryOptions, AlertResending } from './alerts/alert-channel.ts'
export type {
  AlertNotification,
  AlertNotificationReason,
  NotifiedAlert,
} from './alerts/alert-notification.ts'
export { type Alert, type AlertIdentity, fingerprintOfAlert } from './alerts/alert.ts'
export type {
  AlertGroupState,
  AlertTargetState,
  EscalationState,
} from './alert-manager/alert-group-state.ts'
export type {
  AlertHistoryEntry,
  AlertHistoryEvent,
  AlertHistoryFilter,
} from './alert-manager/alert-history.ts'
export type { AlertManagerLimits } from './alert-manager/alert-limits.ts'
export {
  ALERT_MANAGER_ALERTS_TOTAL,
  ALERT_MANAGER_DROPPED_TOTAL,
  ALERT_MANAGER_ERRORS_TOTAL,
  ALERT_MANAGER_NOTIFICATIONS_TOTAL,
} from './alert-manager/alert-manager-metrics.ts'
export type {
  AlertAcknowledgement,
  AlertGroupClaim,
  AlertGroupCommit,
  AlertGroupMember,
  AlertManagerStore,
  AlertPutResult,
  AlertTelling,
  ClaimedAlertGroup,
  ClaimedAlertGroups,
  ToldAlerts,
} from './alert-manager/alert-manager-store.ts'
export type {
  AlertManager,
  AlertRefusal,
  AlertTick,
  FireOutcome,
  KeptAlert,
  KeptAlertFilter,
  ResolveOutcome,
} from './alert-manager/alert-manager.ts'
export { ALERT_MANAGER_AT_CAPACITY } from './alert-manager/capacity-watch.ts'
export { createAlertManager } from './alert-manager/create-alert-manager.ts'
export {
  type BusinessCalendar,
  nextBusinessDayAt,
  type Weekday,
} from './alert-manager/escalation/business-calendar.ts'
export {
  createMemoryAlertManagerStore,
  type MemoryAlertManagerStoreOptions,
} from './alert-manager/memory-alert-manager-store.ts'
export type { AlertManagerOptions } from './alert-manager/parse-alert-manager-options.ts'
export type { LabelledAlert } from './alert-manager/policy/alert-label.ts'
export {
  type AlertMatcher,
  type AlertMatcherInput,
  type AlertMatcherOperator,
  formatAlertMatcher,
  parseAlertMatcher,
} from './alert-manager/policy/alert-matcher.ts'
export type {
  AlertEscalation,
  AlertEscalationStep,
  AlertInhibition,
  AlertPolicy,
  AlertRoute,
} from './alert-manager/policy/alert-policy.ts'
export {
  DEFAULT_ESCALATION_WAIT_MS,
  DEFAULT_REPEAT_MS,
  defaultAlertPolicy,
  type DefaultAlertPolicyOptions,
} from './alert-manager/policy/default-alert-policy.ts'
export { type AlertRouting, routeAlert } from './alert-manager/policy/route-alert.ts'
export type { AlertTimeInterval } from './alert-manager/policy/time-interval.ts'
export type { Silence, SilenceRequest } from './alert-manager/silence.ts'
export type {
  AlertGroupRef,
  StoredAlert,
  StoredAlertChange,
  StoredAlertChangeOutcome,
} from './alert-manager/stored-alert-change.ts'
export type {
  AlertmanagerEmailReceiver,
  AlertmanagerPagerDutyReceiver,
  AlertmanagerReceiver,
  AlertmanagerSlackReceiver,
  AlertmanagerWebhookReceiver,
} from './alertmanager-config/alertmanager-receiver.ts'
export {
  type AlertmanagerConfigOptions,
  toAlertmanagerConfig,
} from './alertmanager-config/to-alertmanager-config.ts'
export type { Severity } from './alerts/severity.ts'
export type {
  AlertChannelOptions,
  HttpAlertChannelOptions,
  HttpBodyReader,
  HttpFetch,
  HttpRequest,
  HttpResponse,
} from './channels/alert-channel-options.ts'
export {
  type AlertDeliveryDetails,
  AlertDeliveryFailedError,
  type AlertDeliveryFailure,
  type AlertDeliveryFailureDetails,
  AlertDeliveryRefusedError,
} from './channels/alert-delivery-error.ts'
export {
  alertmanagerChannel,
  type AlertmanagerChannelOptions,
} from './channels/alertmanager-channel.ts'
export {
  ALERT_CHANNEL_CUT_PAUSES_TOTAL,
  ALERT_CHANNEL_DELIVERIES_TOTAL,
  ALERT_CHANNEL_UNTRACKED_TOTAL,
  type AlertDeliveryOutcome,
} from './channels/channel-metrics.ts'
export { consoleChannel, type ConsoleChannelOptions } from './channels/console-channel.ts'
export { discordChannel, type DiscordChannelOptions } from './channels/discord-channel.ts'
export {
  emailChannel,
  type EmailChannelOptions,
  type EmailTransport,
} from './channels/email-channel.ts'
export type { EmailMessage } from './channels/email-message.ts'
export { pagerDutyChannel, type PagerDutyChannelOptions } from './channels/pager-duty-channel.ts'
export {
  slackChannel,
  type SlackChannelOptions,
  type SlackTokenOptions,
  type SlackWebhookOptions,
} from './channels/slack-channel.ts'
export { webhookChannel, type WebhookChannelOptions } from './channels/webhook-channel.ts'
export type { WebhookAlert, WebhookPayload } from './channels/webhook-payload.ts'
export {
  verifyWebhook,
  type VerifyWebhookOptions,
  type VerifyWebhookResult,
  WEBHOOK_ID_HEADER,
  WEBHOOK_SIGNATURE_HEADER,
  WEBHOOK_TIMESTAMP_HEADER,
} from './channels/webhook-signature.ts'
export {
  CIRCUIT_BREAKER_CALLS_TOTAL,
  CIRCUIT_BREAKER_REJECTED_TOTAL,
  CIRCUIT_BREAKER_STATE,
  CIRCUIT_BREAKER_TRIPS_TOTAL,
  type CircuitCallOutcome,
} from './circuit-breaker/circuit-breaker-metrics.ts'
export { processorBreaker, rpcBreaker } from './circuit-breaker/circuit-breaker-presets.ts'
export type {
  CircuitBreaker,
  CircuitCall,
  CircuitExecuteOptions,
  CircuitSnapshot,
  CircuitState,
  CircuitStateChange,
  CircuitStateChangeReason,
  CircuitVerdict,
  CircuitWork,
} from './circuit-breaker/circuit-breaker.ts'
export { CircuitCallTimeoutError } from './circuit-breaker/circuit-call-timeout-error.ts'
export { CircuitOpenError } from './circuit-breaker/circuit-open-error.ts'
export { classifyCall } from './circuit-breaker/classify-call.ts'
export {
  type CircuitBreakerOptions,
  createCircuitBreaker,
} from './circuit-breaker/create-circuit-breaker.ts'
export type { Dashboard, DashboardPanel, PanelSeries, PanelUnit } from './dashboards/dashboard.ts'
export type {
  GrafanaDashboard,
  GrafanaDataSource,
  GrafanaPanel,
} from './dashboards/grafana-dashboard.ts'
export {
  createOperationsDashboards,
  type OperationsDashboardsOptions,
} from './dashboards/operations-dashboards.ts'
export { toGrafanaDashboard } from './dashboards/to-grafana-dashboard.ts'
export {
  AssayError,
  type AssayErrorOptions,
  type ErrorContext,
  isAssayError,
  type RetryAdvice,
} from './errors/assay-error.ts'
export {
  assertDurationMs,
  assertWholeNumber,
  InvalidOptionError,
} from './errors/invalid-option-error.ts'
export {
  createHealthCheck,
  type HealthCheck,
  type HealthCheckDefinition,
  type HealthCheckOptions,
} from './health/create-health-check.ts'
export {
  formatHealthJson,
  HEALTH_JSON_MEDIA_TYPE,
  type HealthJson,
  type HealthJsonCheck,
} from './health/format-health-json.ts'
export {
  formatPlainHealth,
  type PlainHealth,
  type PlainHealthComponent,
  type PlainHealthStatus,
} from './health/format-plain-health.ts'
export type { HealthObservation } from './health/health-observation.ts'
export {
  type HealthCheckResult,
  healthHttpStatus,
  type HealthMeasurements,
  type HealthReport,
  type HealthStatus,
} from './health/health-report.ts'
export {
  ACTIVE_CONNECTIONS,
  HTTP_REQUEST_DURATION_SECONDS,
  HTTP_REQUESTS_TOTAL,
} from './instrumentation/http-metrics.ts'
export {
  type HttpInstrumentation,
  instrumentHttp,
  type InstrumentHttpOptions,
  type NodeHttpServer,
  type ServedRequest,
} from './instrumentation/instrument-http.ts'
export {
  instrumentPool,
  type InstrumentPoolOptions,
  type PoolCounts,
} from './instrumentation/instrument-pool.ts'
export {
  DB_ERRORS_TOTAL,
  DB_POOL_ACTIVE_CONNECTIONS,
  DB_POOL_IDLE_CONNECTIONS,
  DB_POOL_MAX_CONNECTIONS,
  DB_POOL_PENDING_QUERIES,
  DB_QUERIES_TOTAL,
  DB_QUERY_DURATION_SECONDS,
} from './instrumentation/pool-metrics.ts'
export { type Logger, silentLogger } from './logger/logger.ts'
export { allocateMoney } from './money/allocate-money.ts'
export {
  type Currency,
  type CurrencyCode,
  currencyFromCode,
  isCurrencyCode,
} from './money/currency.ts'
export { formatAmount, formatMoney, type FormatMoneyOptions } from './money/format-money.ts'
export {
  addMoney,
  compareMoney,
  isNegativeMoney,
  isPositiveMoney,
  isZeroMoney,
  type MoneyRatio,
  multiplyMoney,
  negateMoney,
  subtractMoney,
} from './money/money-arithmetic.ts'
export { type MoneyJson, moneyToJson } from './money/money-json.ts'
export { createMoneySchema, type MoneySchemaOptions } from './money/money-schema.ts'
export { type Money, moneyFromMinor } from './money/money.ts'
export {
  moneyFromDecimal,
  parseMoney,
  type ParseMoneyOptions,
  type ParseMoneyReason,
  type ParseMoneyResult,
} from './money/parse-money.ts'
export type { Rounding } from './money/rounding.ts'
export { parseRetryAfter } from './retry/parse-retry-after.ts'
export { RetryDeadlineError } from './retry/retry-deadline-error.ts'
export { RETRY_ATTEMPTS_TOTAL, type RetryOutcome } from './retry/retry-metrics.ts'
export {
  type FailedAttempt,
  isSafeToRetry,
  retry,
  type RetryAttempt,
  type RetryDecision,
  type RetryOptions,
  type RetryStopReason,
  type RetryWork,
} from './retry/retry.ts'
export { type Clock, systemClock, type Timer, type WaitOptions } from './runtime/clock.ts'
export { type CreateId, systemCreateId } from './runtime/create-id.ts'
export { formatTimestamp } from './runtime/format-timestamp.ts'
export { type Random, systemRandom } from './runtime/random.ts'
export {
  type Counter,
  type CounterSeries,
  type Gauge,
  type GaugeSeries,
  type Histogram,
  type HistogramOptions,
  type HistogramSeries,
  type Labels,
  type MetricOptions,
  type Metrics,
} from './metrics/metrics.ts'
export {
  type CollectableMetrics,
  createMetrics,
  DEFAULT_HISTOGRAM_BUCKETS,
  METRICS_SERIES_REFUSED_TOTAL,
  METRICS_VALUES_REFUSED_TOTAL,
  type MetricsOptions,
} from './metrics/create-metrics.ts'
export type { LiveFamily } from './metrics/live-family.ts'
export { MetricConflictError } from './metrics/metric-conflict-error.ts'
export type { HistogramSample, MetricFamily, ValueSample } from './metrics/metric-sample.ts'
export { noMetrics } from './metrics/no-metrics.ts'
export { createScheduler } from './scheduler/create-scheduler.ts'
export type {
  JobLeaseAnswer,
  JobLeaseRenewal,
  JobLeaseRequest,
  JobLeaseStore,
} from './scheduler/job-lease-store.ts'
export { createMemoryJobLeaseStore } from './scheduler/memory-job-lease-store.ts'
export type { SchedulerOptions } from './scheduler/parse-scheduler-options.ts'
export type { JobLeaseOptions, JobRun, ScheduledJob } from './scheduler/scheduled-job.ts'
export {
  SCHEDULER_LAST_SUCCESS_TIMESTAMP_SECONDS,
  SCHEDULER_RUN_DURATION_SECONDS,
  SCHEDULER_RUNNING,
  SCHEDULER_RUNS_TOTAL,
  SCHEDULER_SKIPS_TOTAL,
} from './scheduler/scheduler-metrics.ts'
export type {
  JobFailure,
  JobOutcome,
  JobResult,
  JobSkipReason,
  JobStatus,
  Scheduler,
  SchedulerStatus,
} from './scheduler/scheduler.ts'
export { isConcurrencyFailure } from './sql/is-concurrency-failure.ts'
export { migrate, type MigrateResult, type Migration } from './sql/migrate.ts'
export {
  type SqlClient,
  type SqlExecutor,
  type SqlResult,
  type SqlRow,
  type SqlValue,
} from './sql/sql-client.ts'
export { createTransactionManager } from './transactions/create-transaction-manager.ts'
export type { JsonValue } from './transactions/json-value.ts'
export type { RecomposedTransaction, RecomposeTransaction } from './transactions/lane-context.ts'
export type { LaneTrouble, TransactionAlerts } from './transactions/lane-troubles.ts'
export { createMemoryTransactionStore } from './transactions/memory-transaction-store.ts'
export type { TransactionManagerOptions } from './transactions/parse-transaction-manager-options.ts'
export type {
  CancelResult,
  EnqueueResult,
  LaneStatus,
  TransactionManager,
  TransactionTick,
} from './transactions/transaction-manager.ts'
export {
  TRANSACTION_DURATION_SECONDS,
  TRANSACTION_REORGS_TOTAL,
  TRANSACTION_ROUND_FAILURES_TOTAL,
  TRANSACTIONS_LIVE,
  TRANSACTIONS_TOTAL,
} from './transactions/transaction-metrics.ts'
export type { TransactionPolicy } from './transactions/transaction-policy.ts'
export type {
  BroadcastOutcome,
  LaneObservation,
  ObserveRequest,
  PrepareOutcome,
  PrepareRequest,
  SenderCallOptions,
  SignOutcome,
  SignRequest,
  TransactionSender,
  TransactionVerdict,
} from './transactions/transaction-sender.ts'
export type {
  EnqueuedTransaction,
  NewTransaction,
  TransactionCount,
  TransactionFilter,
  TransactionMove,
  TransactionStore,
} from './transactions/transaction-store.ts'
export {
  coversOf,
  type FinalTransactionState,
  isFinalState,
  type MinedAttempt,
  type Transaction,
  type TransactionAttempt,
  type TransactionLane,
  type TransactionRequest,
  type TransactionState,
} from './transactions/transaction.ts'
