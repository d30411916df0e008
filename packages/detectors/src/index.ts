export { balanceDetector } from './balance-discrepancies/balance-detector.ts'
export {
  type BalanceRowConfig,
  type BalanceRowOptions,
  type OverdraftLimitOf,
  readBalanceRowConfig,
} from './balance-discrepancies/balance-row-config.ts'
export { balanceRowDetector } from './balance-discrepancies/balance-row-detector.ts'
export type { BalanceLink, BalanceRowState } from './balance-discrepancies/balance-row-state.ts'
export {
  BALANCE_ROW_RULE_IDS,
  BALANCE_RULE_IDS,
  type BalanceReason,
  type BalanceRowReason,
  type BalanceRowRuleId,
  type BalanceRuleId,
} from './balance-discrepancies/balance-rule.ts'
export type {
  BalanceConfig,
  BalanceEvent,
  BalanceState,
  WaitingTransaction,
} from './balance-discrepancies/balance-state.ts'
export {
  type BalanceProgress,
  type BalanceReport,
  type BalanceSummary,
  detectBalanceDiscrepancies,
  type DetectBalanceDiscrepanciesOptions,
} from './balance-discrepancies/detect-balance-discrepancies.ts'
export {
  type AccountEvent,
  type AccountEventInput,
  type EventPlace,
  parseAccountEvent,
} from './detector/account-event.ts'
export {
  type CombinedDetector,
  combineDetectors,
  type ConfiguredDetector,
  configureDetector,
} from './detector/combine-detectors.ts'
export type {
  DetectionOptions,
  DetectionProgress,
  DetectionReport,
  DetectionSummary,
  RejectedRow,
  RuleSummary,
} from './detector/detect-over-accounts.ts'
export {
  createDetectorRunner,
  type DetectorRunner,
  type RunnerStep,
  type StateInRunner,
} from './detector/detector-runner.ts'
export type { Detector, DetectorContext, DetectorStep, NotEvaluable } from './detector/detector.ts'
export { findingFingerprint } from './detector/finding-fingerprint.ts'
export type { Finding, FindingAmount } from './detector/finding.ts'
export {
  inEventOrder,
  type OrderedDetector,
  type OrderedRules,
  type OrderedState,
  type OrderReason,
  type Verdicts,
} from './detector/in-event-order.ts'
export {
  detectDuplicateScans,
  type DetectDuplicateScansOptions,
  type DuplicateScanReport,
} from './duplicate-scans/detect-duplicate-scans.ts'
export {
  type DuplicateScanConfig,
  type DuplicateScanOptions,
  readDuplicateScanConfig,
} from './duplicate-scans/duplicate-scan-config.ts'
export { duplicateScanDetector } from './duplicate-scans/duplicate-scan-detector.ts'
export {
  DUPLICATE_SCAN_RULE_IDS,
  type DuplicateScanRuleId,
} from './duplicate-scans/duplicate-scan-rule.ts'
export type { DuplicateScanState, ScanBurst } from './duplicate-scans/duplicate-scan-state.ts'
export type { AccountCandidates, NeighbourCandidates } from './ledger/account-candidates.ts'
export {
  type AccountBalance,
  type AccountBalanceInput,
  type AccountId,
  type LedgerEntry,
  type LedgerEntryInput,
  type LedgerTransaction,
  type LedgerTransactionInput,
  type MinorUnitsInput,
  parseAccountBalance,
  parseLedgerTransaction,
  type ParseRowResult,
  type RequestId,
  type SequenceReading,
  type TransactionId,
  type TransactionStatus,
} from './ledger/ledger-entry.ts'
export type { LedgerRepository, ReadLedger } from './ledger/ledger-repository.ts'
export {
  createMemoryLedgerRepository,
  type MemoryLedger,
} from './ledger/memory-ledger-repository.ts'
export { partitionOf } from './monitor/account-hash.ts'
export { createMonitor } from './monitor/create-monitor.ts'
export {
  createMonitoredDetectors,
  type MonitoredDetectorOptions,
} from './monitor/create-monitored-detectors.ts'
export {
  type AccountHistory,
  type EventPage,
  type EventSource,
  type ReadAccountEvents,
  type ReadEvents,
} from './monitor/event-source.ts'
export {
  createMemoryEventSource,
  type MemoryEventSource,
  type MemoryEventSourceOptions,
  type MemoryTransaction,
} from './monitor/memory-event-source.ts'
export {
  createMemoryMonitorStore,
  type MemoryMonitorStore,
} from './monitor/memory-monitor-store.ts'
export type { MonitoredDetector } from './monitor/monitor-detectors.ts'
export {
  MONITOR_CYCLE_SECONDS,
  MONITOR_EVALUATED_TOTAL,
  MONITOR_EVENTS_READ_TOTAL,
  MONITOR_FINDINGS_TOTAL,
  MONITOR_LAG_SECONDS,
  MONITOR_LATE_EVENTS_TOTAL,
  MONITOR_NOT_EVALUABLE_TOTAL,
  MONITOR_NOT_REJUDGED_TOTAL,
  MONITOR_SET_ASIDE_TOTAL,
} from './monitor/monitor-metrics.ts'
export type { MonitorJob, MonitorOptions } from './monitor/monitor-options.ts'
export {
  defaultMonitorSchedule,
  festivalMonitorSchedule,
  type MonitorSchedule,
  readMonitorSchedule,
} from './monitor/monitor-schedule.ts'
export type {
  KeyState,
  LeaseRequest,
  MonitorCommit,
  MonitorNote,
  MonitorStore,
  PartitionLease,
  PartitionPosition,
  PartitionStatus,
  RejudgedSubject,
  SetAsideRow,
  ToldFinding,
  UntoldFinding,
  UntoldPage,
} from './monitor/monitor-store.ts'
export type { Monitor, MonitorStatus, SourceStatus } from './monitor/monitor.ts'
export type { ReconciliationOptions } from './monitor/reconciliation-run.ts'
export type { SourceRuleId } from './monitor/source-watch.ts'
export type { FindingEnding, StoredFinding } from './monitor/stored-finding.ts'
export { alertOfFinding, type FindingAlerts } from './monitor/tell-findings.ts'
export {
  createMemoryMonitoringRepository,
  type MemoryMonitoringRepositoryOptions,
} from './monitoring-events/memory-monitoring-repository.ts'
export type {
  MonitoringEvent,
  MonitoringEventStatus,
} from './monitoring-events/monitoring-event.ts'
export type {
  EventCount,
  EventFigures,
  MonitoringDashboard,
  MonitoringEventFilter,
  MonitoringEventPage,
  MonitoringEventUpdate,
  MonitoringRepository,
} from './monitoring-events/monitoring-repository.ts'
export {
  createSystemHealthJob,
  type SystemHealthJobOptions,
} from './monitoring-events/system-health-job.ts'
export type { SystemHealthSnapshot } from './monitoring-events/system-health-snapshot.ts'
export {
  detectRaceConditions,
  type DetectRaceConditionsOptions,
  type RaceConditionReport,
} from './race-conditions/detect-race-conditions.ts'
export {
  type RaceConditionConfig,
  type RaceConditionOptions,
  readRaceConditionConfig,
} from './race-conditions/race-condition-config.ts'
export { raceConditionDetector } from './race-conditions/race-condition-detector.ts'
export {
  RACE_CONDITION_RULE_IDS,
  type RaceConditionRuleId,
} from './race-conditions/race-condition-rule.ts'
export type {
  Race,
  RaceConditionState,
  RaceTransaction,
} from './race-conditions/race-condition-state.ts'
export { createMemoryScanRepository } from './scans/memory-scan-repository.ts'
export type { ReadScans, ScanRepository } from './scans/scan-repository.ts'
export { parseScan, type Scan, type ScanId, type ScanInput } from './scans/scan.ts'
export {
  measureSystemHealth,
  type MeasureSystemHealthOptions,
} from './system-health/measure-system-health.ts'
export type { SystemHealthOptions } from './system-health/system-health-config.ts'
export type {
  ProcessingPercentiles,
  SystemHealth,
  SystemHealthReason,
  SystemHealthRuleId,
  SystemHealthStatus,
} from './system-health/system-health.ts'
export {
  detectTransactionFailures,
  type DetectTransactionFailuresOptions,
  type TransactionFailureReport,
} from './transaction-failures/detect-transaction-failures.ts'
export {
  type FailureRateConfig,
  type FailureRateOptions,
  readFailureRateConfig,
  type Share,
} from './transaction-failures/failure-rate-config.ts'
export {
  type FailureEpisode,
  failureRateDetector,
  type FailureRateState,
} from './transaction-failures/failure-rate-detector.ts'
export {
  readTransactionFailureConfig,
  type TransactionFailureConfig,
  type TransactionFailureOptions,
} from './transaction-failures/transaction-failure-config.ts'
export { transactionFailureDetector } from './transaction-failures/transaction-failure-detector.ts'
export {
  type AccountFailureRuleId,
  type FailureRateRuleId,
  TRANSACTION_FAILURE_RULE_IDS,
  type TransactionFailureReason,
  type TransactionFailureRuleId,
} from './transaction-failures/transaction-failure-rule.ts'
export type {
  EarlyReversal,
  FailureRun,
  OpenCharge,
  OpenRun,
  RunFailure,
  TransactionFailureState,
} from './transaction-failures/transaction-failure-state.ts'
export type { SlidingWindow } from './window/sliding-window.ts'
