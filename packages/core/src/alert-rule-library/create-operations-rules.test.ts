import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describePromtool } from '@assay/test-servers'
import { expect, test } from 'vitest'

import type { AlertExpression } from '../alert-rules/alert-expression.ts'
import { toPrometheusRules } from '../alert-rules/to-prometheus-rules.ts'
import { createOperationsRules } from './create-operations-rules.ts'
import { operationsMetrics } from './rule-metrics.ts'

const rules = createOperationsRules()
const ruleNamed = (name: string) => rules.find((rule) => rule.name === name)

// The alerts and thresholds of the operations guides.
test.each([
  ['APIServerDown', 'critical', '==', 0, 60_000],
  ['OracleServiceDown', 'critical', '==', 0, 120_000],
  ['DatabaseConnectionPoolExhausted', 'critical', '>', 0.9, 60_000],
  ['SolanaSlotLaggingBehind', 'critical', '>', 100, 60_000],
  ['APIHighErrorRate', 'high', '>', 0.05, 120_000],
  ['APIHighLatency', 'high', '>', 1, 300_000],
  ['TransactionFailureRate', 'high', '>', 0.1, 300_000],
  ['SettlementLatencyHigh', 'high', '>', 30, 300_000],
  ['VRFCallbackTimeout', 'high', '>', 300, 0],
  ['DatabaseHighQueriesPending', 'medium', '>', 50, 300_000],
  ['RedisMemoryUsageHigh', 'medium', '>', 0.9, 300_000],
  ['DatabaseDiskSpaceLow', 'medium', '<', 0.2, 300_000],
  ['CPUUsageHigh', 'medium', '<', 0.2, 300_000],
  ['MemoryUsageHigh', 'medium', '<', 0.15, 300_000],
  ['ObjectiveAPIAvailability', 'high', '<', 0.995, 0],
  ['ObjectiveAPILatency', 'medium', '>', 1, 0],
  ['ObjectiveAPIErrors', 'high', '>', 0.05, 0],
  ['ObjectiveSettlementLatency', 'medium', '>', 30, 0],
  ['ObjectiveOracleUptime', 'high', '==', 0, 120_000],
  ['ObjectiveVRFSuccess', 'high', '<', 0.99, 0],
])('%s is %s at %s %d after %d ms', (name, severity, op, threshold, forMs) => {
  expect(ruleNamed(name)).toMatchObject({ severity, op, threshold, forMs })
})

test.each([
  ['APIAvailability', '<', [0.9856, 0.994, 0.999]],
  ['APIErrors', '>', [0.072, 0.03, 0.005]],
  ['SettlementLatency', '>', [0.72, 0.3, 0.05]],
  ['OracleUptime', '<', [0.928, 0.97, 0.995]],
  ['VRFSuccess', '>', [0.144, 0.06, 0.01]],
])('the budget of %s burns at %s %j', (name, op, thresholds) => {
  const burning = ['BurnFast', 'BurnSteady', 'BurnSlow'].map((suffix) => ruleNamed(name + suffix))
  expect(burning.map((rule) => rule?.threshold)).toEqual(thresholds)
  expect(burning.map((rule) => rule?.severity)).toEqual(['critical', 'high', 'medium'])
  for (const rule of burning) {
    expect(rule?.op).toBe(op)
    // Both windows must agree.
    expect(rule?.and).toMatchObject([{ op, threshold: rule?.threshold }])
  }
})

test('there are at least 30 rules, each with a name of its own and a heading in the runbooks', () => {
  const runbooks = readFileSync(join(import.meta.dirname, '../../../../docs/alerts.md'), 'utf8')
  const headings = runbooks.split('\n').filter((line) => line.startsWith('### '))
  expect(headings.toSorted()).toEqual(rules.map(({ name }) => `### ${name}`).toSorted())
  expect(rules.length).toBeGreaterThanOrEqual(30)
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length)
  for (const { name, runbookUrl } of rules) {
    expect(runbookUrl).toMatch(new RegExp(`/docs/alerts.md#${name.toLowerCase()}$`))
  }
})

test('every metric that a rule reads has a producer', () => {
  const produced = new Set<string>(Object.values(operationsMetrics).map(({ name }) => name))
  const read = rules.flatMap(({ expr, and, or }) =>
    [expr, ...and.map((each) => each.expr), ...or.map((each) => each.expr)].flatMap(metricsOf),
  )
  expect(read.filter((name) => !produced.has(name))).toEqual([])
  expect(read.length).toBeGreaterThan(40)
})

test('an exporter that names a metric otherwise is read by that name', () => {
  const renamed = createOperationsRules({ metricNames: { solanaNodeSlot: 'my_slot' } })
  const rule = renamed.find(({ name }) => name === 'SolanaSlotLaggingBehind')
  expect(rule === undefined ? [] : metricsOf(rule.expr)).toEqual(['solana_network_slot', 'my_slot'])
})

test('a share of events waits for enough of them', () => {
  const shares = rules.filter(({ expr }) => expr.kind === 'ratio' && expr.whole.kind === 'increase')
  expect(shares.length).toBeGreaterThan(5)
  for (const { name, minSamples } of shares) expect(minSamples, name).toBeGreaterThanOrEqual(10)
})

describePromtool('The operations rules', (promtool) => {
  test('are accepted by promtool, every one of them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'assay-rules-'))
    const file = join(folder, 'rules.yaml')
    writeFileSync(file, toPrometheusRules(rules))
    const { exitCode, output } = await promtool.run('check', 'rules', file)
    rmSync(folder, { recursive: true })
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 })
    expect(output).toContain(`${rules.length} rules found`)
  })
})

function metricsOf(expr: AlertExpression): string[] {
  if ('metric' in expr) return [expr.metric]
  if (expr.kind === 'ratio') return [...metricsOf(expr.part), ...metricsOf(expr.whole)]
  if (expr.kind === 'compared') return metricsOf(expr.of)
  return [...metricsOf(expr.left), ...metricsOf(expr.right)]
}
