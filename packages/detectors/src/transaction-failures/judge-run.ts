import { findingFingerprint } from '../detector/finding-fingerprint.ts'
import { type Finding, NAMED_MAX } from '../detector/finding.ts'
import type { Verdicts } from '../detector/in-event-order.ts'
import type { AccountId, LedgerTransaction } from '../ledger/ledger-entry.ts'
import type { TransactionFailureConfig } from './transaction-failure-config.ts'
import {
  type AccountFailureRuleId,
  TRANSACTION_FAILURE_VERSION,
  type TransactionFailureReason,
} from './transaction-failure-rule.ts'
import type {
  FailureRun,
  OpenRun,
  RunFailure,
  TransactionFailureState,
} from './transaction-failure-state.ts'

type FailureVerdicts = Verdicts<AccountFailureRuleId, TransactionFailureReason>

/** The most requests of a run that are remembered to recognise a retry. */
const REQUESTS_MAX = 64

/** Takes a failure into its account's run. */
export function judgeFailure(
  state: TransactionFailureState,
  transaction: LedgerTransaction,
  verdicts: FailureVerdicts,
  config: TransactionFailureConfig,
): void {
  endRunByTime(state, transaction.eventTime, verdicts, config)
  state.run ??= { last: [], requestIds: [], open: null }
  const { run } = state
  if (isRetry(run, transaction)) return

  const { last } = run
  const { accountId, transactionId, eventTime } = transaction
  last.push({ transactionId, eventTime })
  if (last.length > config.failuresMin) last.shift()
  if (run.open === null) {
    if (last.length < config.failuresMin || eventTime - last[0]!.eventTime > config.reachMs) return
    run.open = openRunOf(accountId, last)
    verdicts.findings.push(findingOf('open', run.open, last.at(-1)!, eventTime, config))
    return
  }
  const { open } = run
  open.failures += 1
  open.transactionIds.push(transactionId)
  if (open.transactionIds.length > NAMED_MAX) open.transactionIds.shift()
  verdicts.findings.push(findingOf('update', open, last.at(-1)!, eventTime, config))
}

/** A request of the account succeeded: its run is over, found or not. */
export function judgeSuccess(
  state: TransactionFailureState,
  { eventTime }: LedgerTransaction,
  verdicts: FailureVerdicts,
  config: TransactionFailureConfig,
): void {
  const { run } = state
  if (run === null || !config.successResets) return
  endRunByTime(state, eventTime, verdicts, config)
  if (run.open !== null) {
    verdicts.findings.push(resolved(run.open, run, 'success', eventTime, config))
  }
  state.run = null
}

/**
 * Ends an open run once no failure could continue it: one that came now would lie too far from those
 * that it would make a group with. Failures before it may still begin another.
 */
export function endRunByTime(
  { run }: TransactionFailureState,
  upTo: number,
  verdicts: FailureVerdicts,
  config: TransactionFailureConfig,
): void {
  if (run === null || run.open === null) return
  const endsAt = endOfRun(run, config)
  if (upTo < endsAt) return
  verdicts.findings.push(resolved(run.open, run, 'time', endsAt, config))
  run.open = null
}

/** When an open run ends unless something happens, in epoch milliseconds; infinite without one. */
export function runEndsAt(
  { run }: TransactionFailureState,
  config: TransactionFailureConfig,
): number {
  return run === null || run.open === null ? Number.POSITIVE_INFINITY : endOfRun(run, config)
}

/** The second of the last failures would be the first of a group with the next one. */
function endOfRun({ last }: FailureRun, { reachMs }: TransactionFailureConfig): number {
  return last[1]!.eventTime + reachMs + 1
}

function isRetry(run: FailureRun, { requestId }: LedgerTransaction): boolean {
  if (requestId === null) return false
  if (run.requestIds.includes(requestId)) return true
  run.requestIds.push(requestId)
  if (run.requestIds.length > REQUESTS_MAX) run.requestIds.shift()
  return false
}

function openRunOf(accountId: AccountId, last: readonly RunFailure[]): OpenRun {
  return {
    accountId,
    first: last[0]!,
    failures: last.length,
    transactionIds: last.map(({ transactionId }) => transactionId).slice(-NAMED_MAX),
  }
}

function resolved(
  open: OpenRun,
  { last }: FailureRun,
  endedBy: 'success' | 'time',
  eventTime: number,
  config: TransactionFailureConfig,
): Finding<AccountFailureRuleId> {
  const finding = findingOf('resolve', open, last.at(-1)!, eventTime, config)
  return { ...finding, evidence: { ...finding.evidence, endedBy } }
}

function findingOf(
  action: Finding['action'],
  { accountId, first, failures, transactionIds }: OpenRun,
  newest: RunFailure,
  eventTime: number,
  { tenant, failureWindowMs }: TransactionFailureConfig,
): Finding<AccountFailureRuleId> {
  const ruleId = 'transactions.consecutive-failures'
  return {
    fingerprint: findingFingerprint(ruleId, tenant, [accountId, first.transactionId]),
    ruleId,
    ruleVersion: TRANSACTION_FAILURE_VERSION,
    severity: 'high',
    action,
    subject: accountId,
    transactionIds: [...transactionIds],
    eventTime,
    confidence: 1,
    evidence: {
      failures,
      firstFailureAt: first.eventTime,
      lastFailureAt: newest.eventTime,
      windowMs: failureWindowMs,
    },
  }
}
