import type { AlertRule } from '../alert-rules/alert-rule.ts'
import { measure } from '../alert-rules/measure.ts'
import { ifScraped, MINUTE_MS, type RuleContext } from './rule-context.ts'

/** The chain, and what we write to it: transactions, settlements, randomness. */
export function createChainRules({ names, jobs, define }: RuleContext): readonly AlertRule[] {
  const transactions = { metric: names.transactions, windowMs: 5 * MINUTE_MS }
  return [
    ...ifScraped(jobs.oracle, (job) =>
      define({
        name: 'OracleServiceDown',
        component: 'oracle',
        severity: 'critical',
        expr: measure.gauge({
          metric: names.up,
          where: { job },
          by: ['job', 'instance'],
        }),
        op: '==',
        threshold: 0,
        forMs: 2 * MINUTE_MS,
        summary: 'An oracle service has not answered for two minutes.',
      }),
    ),
    define({
      name: 'SolanaSlotLaggingBehind',
      component: 'solana',
      severity: 'critical',
      expr: measure.gauge({ metric: names.solanaSlotsBehind, by: ['instance'] }),
      op: '>',
      threshold: 100,
      forMs: MINUTE_MS,
      summary: 'A Solana node is more than 100 slots behind the network.',
    }),
    define({
      name: 'TransactionFailureRate',
      component: 'contract',
      severity: 'high',
      expr: measure.ratio(
        measure.increase({ ...transactions, where: { status: 'failed' } }),
        measure.increase(transactions),
      ),
      op: '>',
      threshold: 0.1,
      minSamples: 20,
      forMs: 5 * MINUTE_MS,
      summary: 'More than 10 % of the contract transactions fail.',
    }),
    define({
      name: 'SettlementLatencyHigh',
      component: 'contract',
      severity: 'high',
      expr: measure.quantile({
        metric: names.settlementDuration,
        windowMs: 15 * MINUTE_MS,
        quantile: 0.95,
      }),
      op: '>',
      threshold: 30,
      minSamples: 10,
      forMs: 5 * MINUTE_MS,
      summary: 'One of twenty settlements takes longer than 30 seconds.',
    }),
    define({
      name: 'VRFCallbackTimeout',
      component: 'oracle',
      severity: 'high',
      expr: measure.gauge({ metric: names.vrfOldestPending, by: [] }),
      op: '>',
      threshold: 300,
      summary: 'A request for randomness has had no callback for five minutes.',
    }),
  ]
}
