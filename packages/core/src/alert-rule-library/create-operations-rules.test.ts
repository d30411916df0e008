import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describePromtool } from '@assay/test-servers'
import { expect, test } from 'vitest'

import type { AlertExpression } from '../alert-rules/alert-expression.ts'
import { createRegistrySource } from '../alert-rules/create-registry-source.ts'
import { createRuleEvaluator } from '../alert-rules/create-rule-evaluator.ts'
import { type LabelMatcher, matchersOf } from '../alert-rules/label-match.ts'
import { toPrometheusRules } from '../alert-rules/to-prometheus-rules.ts'
import { type PromtoolSeries, toPromtoolTests } from '../alert-rules/to-promtool-tests.ts'
import { createOperationsDashboards } from '../dashboards/operations-dashboards.ts'
import { instrumentHttp } from '../instrumentation/instrument-http.ts'
import { createMetrics, DEFAULT_HISTOGRAM_BUCKETS } from '../metrics/create-metrics.ts'
import { createTestClock } from '../testing/test-clock.ts'
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

// What they look at, over how long, and how many events that takes.
test.each([
  ['APIServerDown', 'up', [], 0],
  ['OracleServiceDown', 'up', [], 0],
  ['DatabaseConnectionPoolExhausted', 'active_connections/max_connections', [], 0],
  ['SolanaSlotLaggingBehind', 'slots_behind', [], 0],
  ['APIHighErrorRate', '5../all', [5, 5], 20],
  ['APIHighLatency', 'p95', [5], 50],
  ['TransactionFailureRate', 'failed/all', [5, 5], 20],
  ['SettlementLatencyHigh', 'p95', [15], 10],
  ['VRFCallbackTimeout', 'request_seconds', [], 0],
  ['DatabaseHighQueriesPending', 'pending_queries', [], 0],
  ['RedisMemoryUsageHigh', 'used_bytes/max_bytes', [], 0],
  ['DatabaseDiskSpaceLow', 'avail_bytes/size_bytes', [], 0],
  ['CPUUsageHigh', 'idle/all', [5, 5], 0],
  ['MemoryUsageHigh', 'MemAvailable_bytes/MemTotal_bytes', [], 0],
  ['ObjectiveAPIAvailability', 'mean up', [60], 0],
  ['ObjectiveAPILatency', 'p95', [5], 50],
  ['ObjectiveAPIErrors', '5../all', [2, 2], 20],
  ['ObjectiveSettlementLatency', 'p95', [5], 10],
  ['ObjectiveOracleUptime', 'up', [], 0],
  ['ObjectiveVRFSuccess', 'fulfilled/all', [5, 5], 10],
])('%s looks at %s over %j minutes, from %d events on', (name, measures, windows, minSamples) => {
  const rule = ruleNamed(name)!
  expect(measuresOf(rule.expr)).toBe(measures)
  expect(windowsOf(rule.expr)).toEqual(windows.map((minutes) => minutes * 60_000))
  expect(rule.minSamples).toBe(minSamples)
})

// https://sre.google/workbook/alerting-on-slos/, table 5-8: 14.4 times, 6 times and once the budget.
test.each([
  ['BurnFast', 60, 5],
  ['BurnSteady', 6 * 60, 30],
  ['BurnSlow', 3 * 24 * 60, 6 * 60],
])('%s looks at the same over %d minutes and over %d', (suffix, longMinutes, shortMinutes) => {
  const burning = rules.filter(({ name }) => name.endsWith(suffix))
  expect(burning.map(({ name, expr }) => [name.replace(suffix, ''), measuresOf(expr)])).toEqual([
    ['APIAvailability', 'mean up'],
    ['APIErrors', '5../all'],
    ['SettlementLatency', 'all-30/all'],
    ['OracleUptime', 'mean up'],
    ['VRFSuccess', 'not fulfilled/all'],
  ])
  for (const { expr, and } of burning) {
    expect(and.map((short) => measuresOf(short.expr))).toEqual([measuresOf(expr)])
    expect(new Set(windowsOf(expr))).toEqual(new Set([longMinutes * 60_000]))
    expect(new Set(and.flatMap((short) => windowsOf(short.expr)))).toEqual(
      new Set([shortMinutes * 60_000]),
    )
  }
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
  const renamed = createOperationsRules({ metricNames: { solanaSlotsBehind: 'my_lag' } })
  const rule = renamed.find(({ name }) => name === 'SolanaSlotLaggingBehind')
  expect(rule === undefined ? [] : metricsOf(rule.expr)).toEqual(['my_lag'])
  const byDefault = ruleNamed('SolanaSlotLaggingBehind')
  // As asymmetric-research/solana-exporter 3.0.0 to 3.0.2 names it, in its collector.go.
  expect(byDefault && metricsOf(byDefault.expr)).toEqual(['solana_node_num_slots_behind'])
})

test.each<[string, unknown, RegExp]>([
  [
    'metricNames.httpRequests',
    { httpRequests: 'x-y' },
    /must be named with letters, digits, `_` and `:`/,
  ],
  ['metricNames.httpRequests', { httpRequests: '' }, /must be named with letters/],
  ['metricNames.httpRequests', { httpRequests: null }, /must be named with letters/],
  ['metricNames.http_requests', { http_requests: 'x' }, /must be a key of `operationsMetrics`/],
  ['metricNames.toString', { toString: 'x' }, /must be a key of `operationsMetrics`/],
  ['metricNames', null, /must be an object/],
  ['metricNames', new Map([['up', 'x']]), /must be an object/],
])('a wrong `%s` is refused by that name (%#)', (option, metricNames, requirement) => {
  for (const [factory, create] of Object.entries({
    createOperationsRules,
    createOperationsDashboards,
  })) {
    const created = (): unknown => create({ metricNames: metricNames as never })
    expect(created).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', context: { factory, option } }),
    )
    expect(created).toThrow(requirement)
  }
})

test('a metric whose name is left undefined keeps its own', () => {
  const same = createOperationsRules({ metricNames: { up: undefined as never } })
  expect(same).toEqual(rules)
})

test('where nobody scrapes, no rule asks whether Prometheus reaches a service', () => {
  const unscraped = createOperationsRules({ apiJob: null, oracleJob: null })
  const left = new Set(unscraped.map(({ name }) => name))
  expect(rules.filter(({ name }) => !left.has(name)).map(({ name }) => name)).toEqual([
    'APIServerDown',
    'OracleServiceDown',
    'ObjectiveAPIAvailability',
    'ObjectiveOracleUptime',
    ...['APIAvailability', 'OracleUptime'].flatMap((name) =>
      ['BurnFast', 'BurnSteady', 'BurnSlow'].map((suffix) => name + suffix),
    ),
  ])
  expect(unscraped.flatMap(({ expr }) => metricsOf(expr))).not.toContain('up')
  expect(createOperationsRules({ oracleJob: null }).map(({ name }) => name)).toContain(
    'APIServerDown',
  )
})

test('in process, a healthy backend without Prometheus fires nothing', async () => {
  const clock = createTestClock()
  const metrics = createMetrics()
  const serve = instrumentHttp({ metrics, clock, routeOf: () => '/payouts' }).wrapFetch(
    () => new Response(null, { status: 201 }),
  )
  const evaluator = createRuleEvaluator({
    rules: createOperationsRules({ apiJob: null, oracleJob: null }),
    source: createRegistrySource(metrics),
    clock,
  })
  for (let minute = 0; minute < 15; minute += 1) {
    for (let request = 0; request < 60; request += 1) {
      await serve(new Request('https://payments.example/payouts'))
    }
    await clock.advance(60_000)
    await evaluator.tick()
    expect(evaluator.states().filter(({ state }) => state === 'firing')).toEqual([])
  }
  expect(evaluator.states().map(({ state }) => state)).toContain('inactive')
})

test.each([
  ['default buckets', DEFAULT_HISTOGRAM_BUCKETS, 'no_data', 'no_bucket'],
  ['the buckets that docs/metrics.md asks for', [10, 30, 60], 'firing', undefined],
])('slow settlements in a histogram with %s (%j) are %s', async (_, buckets, state, reason) => {
  const metrics = createMetrics()
  const clock = createTestClock()
  const burning = [ruleNamed('SettlementLatencyBurnFast')!]
  const source = createRegistrySource(metrics)
  const evaluator = createRuleEvaluator({ rules: burning, source, clock })
  const options = { name: operationsMetrics.settlementDuration.name, help: 'Seconds.', buckets }
  const settlements = metrics.histogram(options).labels({})
  for (let minute = 0; minute < 30; minute += 1) {
    settlements.observe(60)
    await clock.advance(60_000)
    await evaluator.tick()
  }
  expect(evaluator.states()).toMatchObject([{ state, reason }])
})

test('a share of events waits for enough of them', () => {
  const shares = rules.filter(({ expr }) => expr.kind === 'ratio' && expr.whole.kind === 'increase')
  expect(shares.length).toBeGreaterThan(5)
  for (const { name, minSamples } of shares) expect(minSamples, name).toBeGreaterThanOrEqual(10)
})

/** A series that shows the same in each minute of ten. */
function steady(metric: string, labels: Record<string, string>, value: number): PromtoolSeries {
  return { metric, labels, values: Array.from({ length: 11 }, () => value) }
}

function filesystem(fstype: string, mountpoint: string, free: number): readonly PromtoolSeries[] {
  const labels = { instance: 'a', mountpoint, fstype, device: '/dev/x' }
  return [
    steady('node_filesystem_avail_bytes', labels, free),
    steady('node_filesystem_size_bytes', labels, 100),
  ]
}

/** What a healthy machine shows by default. */
const HEALTHY: readonly PromtoolSeries[] = [
  // A Redis without `maxmemory`.
  steady('redis_memory_used_bytes', { instance: 'a' }, 1e6),
  steady('redis_memory_max_bytes', { instance: 'a' }, 0),
  // A pool that was closed.
  steady('db_pool_active_connections', { instance: 'a', pool: 'p' }, 1),
  steady('db_pool_max_connections', { instance: 'a', pool: 'p' }, 0),
  // What is mounted read-only is always full.
  ...['squashfs', 'erofs', 'iso9660', 'udf', 'overlay', 'tmpfs', 'fuse.snapfuse'].flatMap(
    (fstype) => filesystem(fstype, `/snap/${fstype}`, 0),
  ),
]

describePromtool('The operations rules', (promtool) => {
  test('are silent in Prometheus about a healthy machine, and not about one whose disk is full', async () => {
    const about = /^(RedisMemoryUsageHigh|DatabaseDiskSpaceLow|DatabaseConnectionPoolExhausted)$/
    const some = rules.filter(({ name }) => about.test(name))
    const isFull = {
      rule: 'DatabaseDiskSpaceLow',
      state: 'firing',
      labels: { instance: 'a', mountpoint: '/' },
    } as const
    const scenarios = (
      [
        [50, []],
        [19, [isFull]],
      ] as const
    ).map(([free, alerts]) => ({
      name: `${free} % free`,
      intervalMs: 60_000,
      series: [...HEALTHY, ...filesystem('ext4', '/', free)],
      expectations: [{ atMs: 600_000, alerts }],
    }))
    const folder = mkdtempSync(join(tmpdir(), 'assay-rules-'))
    writeFileSync(join(folder, 'rules.yml'), toPrometheusRules(some))
    writeFileSync(join(folder, 'test.yml'), toPromtoolTests(some, scenarios))
    const { exitCode, output } = await promtool.run('test', 'rules', join(folder, 'test.yml'))
    rmSync(folder, { recursive: true })
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 })
  })

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

/** The windows of an expression's parts, in their order. */
function windowsOf(expr: AlertExpression): number[] {
  if (expr.kind === 'ratio') return [...windowsOf(expr.part), ...windowsOf(expr.whole)]
  if (expr.kind === 'compared') return windowsOf(expr.of)
  if ('left' in expr) return [...windowsOf(expr.left), ...windowsOf(expr.right)]
  return 'windowMs' in expr ? [expr.windowMs] : []
}

/** What an expression is about, in a few words. */
function measuresOf(expr: AlertExpression): string {
  if (expr.kind === 'ratio') return `${measuresOf(expr.part)}/${measuresOf(expr.whole)}`
  if (expr.kind === 'difference') return `${measuresOf(expr.left)}-${measuresOf(expr.right)}`
  if (expr.kind === 'quantile') return `p${expr.quantile * 100}`
  if (expr.kind === 'average') return `mean ${expr.metric}`
  if (expr.kind === 'observations') return expr.atMost === null ? 'all' : String(expr.atMost)
  if (expr.kind === 'increase' || expr.kind === 'rate') {
    return matchersOf(expr.where).map(inWords).join() || 'all'
  }
  return 'metric' in expr ? expr.metric.split('_').slice(-2).join('_') : expr.kind
}

function inWords({ operator, value }: LabelMatcher): string {
  return operator === '!=' ? `not ${value}` : value
}
