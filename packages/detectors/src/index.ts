export {
  BALANCE_RULE_IDS,
  type BalanceReason,
  type BalanceRuleId,
} from './balance-discrepancies/balance-rule.ts'
export { balanceDetector } from './balance-discrepancies/balance-detector.ts'
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
  type RejectedRow,
  type RuleSummary,
} from './balance-discrepancies/detect-balance-discrepancies.ts'
export type { Detector, DetectorContext, DetectorStep, NotEvaluable } from './detector/detector.ts'
export { findingFingerprint } from './detector/finding-fingerprint.ts'
export type { Finding, FindingAmount } from './detector/finding.ts'
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
export type { LedgerRepository } from './ledger/ledger-repository.ts'
export {
  createMemoryLedgerRepository,
  type MemoryLedger,
} from './ledger/memory-ledger-repository.ts'
