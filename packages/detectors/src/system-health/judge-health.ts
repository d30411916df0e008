import { findingFingerprint } from '../detector/finding-fingerprint.ts'
import type { Finding, FindingAmount } from '../detector/finding.ts'
import { SYSTEM_KEY } from '../detector/in-event-order.ts'
import type { HealthTally } from './health-tally.ts'
import { percentilesOf, type ProcessingTimes, RELATIVE_ERROR } from './processing-times.ts'
import type { SystemHealthConfig } from './system-health-config.ts'
import {
  type ProcessingPercentiles,
  SYSTEM_HEALTH_VERSION,
  type SystemHealth,
  type SystemHealthReason,
  type SystemHealthRuleId,
  type SystemHealthStatus,
} from './system-health.ts'

const RULE = 'system.health'

/** What the counts say once all is counted. */
export function judgeHealth(
  tally: HealthTally,
  rejected: number,
  config: SystemHealthConfig,
): SystemHealth {
  const { counts, accounts, negative } = tally
  const { completed, failed, pending, cancelled } = counts
  const decided = completed + failed
  const processing = percentiles(tally.times)
  const reasons = reasonsOf(tally, processing, config)
  const status = statusOf(reasons, config)
  const health = {
    status,
    reasons,
    fromMs: config.fromMs,
    toMs: config.toMs,
    transactions: { ...counts, total: decided + pending + cancelled },
    successRate: decided === 0 ? null : completed / decided,
    processing,
    moved: amountsOf(tally.moved),
    accounts: { total: accounts, negative, held: amountsOf(tally.held) },
    rejected,
    left: { currencies: tally.leftCurrencies, unremembered: tally.unremembered },
  }
  return { ...health, finding: findingOf(health, tally, config) }
}

function reasonsOf(
  { counts: { completed, failed }, negative }: HealthTally,
  processing: ProcessingPercentiles | null,
  { sampleMin, failuresAbove, slowAboveMs, negativeAbove }: SystemHealthConfig,
): readonly SystemHealthReason[] {
  const decided = completed + failed
  const reasons: SystemHealthReason[] = []
  if (decided < sampleMin) {
    reasons.push('no-traffic')
  } else {
    if (failed * failuresAbove.of > failuresAbove.failed * decided) reasons.push('failures')
    if (processing !== null && processing.p95Ms > slowAboveMs) reasons.push('slow')
  }
  if (negative > negativeAbove) reasons.push('negative-balances')
  return reasons
}

function statusOf(
  reasons: readonly SystemHealthReason[],
  { idleStatus }: SystemHealthConfig,
): SystemHealthStatus {
  if (reasons.length === 0) return 'healthy'
  return reasons.every((reason) => reason === 'no-traffic') ? idleStatus : 'degraded'
}

function percentiles(times: ProcessingTimes): ProcessingPercentiles | null {
  const [p50Ms, p95Ms, p99Ms] = percentilesOf(times, [50, 95, 99])
  if (p50Ms === undefined || p95Ms === undefined || p99Ms === undefined) return null
  const relativeError = times.samples === null ? RELATIVE_ERROR : 0
  return { samples: times.count, p50Ms, p95Ms, p99Ms, relativeError }
}

function amountsOf(amounts: ReadonlyMap<string, bigint>): readonly FindingAmount[] {
  return [...amounts]
    .map(([currency, amountMinor]) => ({ amountMinor, currency }))
    .sort((a, b) => (a.currency < b.currency ? -1 : 1))
}

function findingOf(
  health: Omit<SystemHealth, 'finding'>,
  { first, firstFailed }: HealthTally,
  { openFinding, tenant }: SystemHealthConfig,
): Finding<SystemHealthRuleId> | null {
  // What cannot be told neither begins nor ends anything.
  if (health.status === 'unknown') return null
  if (health.status === 'healthy' && openFinding === null) return null
  const { transactions, processing, accounts, reasons, toMs } = health
  const named = firstFailed ?? first
  const event = named === null ? [] : [named.accountId, named.transactionId]
  return {
    fingerprint:
      openFinding?.fingerprint ?? findingFingerprint(RULE, tenant, [SYSTEM_KEY, ...event]),
    ruleId: RULE,
    ruleVersion: SYSTEM_HEALTH_VERSION,
    severity: 'low',
    action: actionOf(health.status, openFinding),
    subject: SYSTEM_KEY,
    transactionIds: named === null ? [] : [named.transactionId],
    eventTime: toMs,
    confidence: 1,
    evidence: {
      reasons: reasons.join(' '),
      completed: transactions.completed,
      failed: transactions.failed,
      p95Ms: processing?.p95Ms ?? null,
      negativeAccounts: accounts.negative,
    },
  }
}

function actionOf(
  status: SystemHealthStatus,
  openFinding: SystemHealthConfig['openFinding'],
): Finding['action'] {
  if (status === 'healthy') return 'resolve'
  return openFinding === null ? 'open' : 'update'
}
