import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describePromtool } from '@assay/test-servers'
import { describe, expect, test } from 'vitest'

import { createOperationsRules } from '../alert-rule-library/create-operations-rules.ts'
import { operationsMetrics } from '../alert-rule-library/rule-metrics.ts'
import { measure } from '../alert-rules/measure.ts'
import { createOperationsDashboards } from './operations-dashboards.ts'
import { toGrafanaDashboard } from './to-grafana-dashboard.ts'

const dashboards = createOperationsDashboards({ rules: createOperationsRules() })
const exported = dashboards.map(toGrafanaDashboard)
const queries = exported.flatMap(({ panels }) =>
  panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
)

test('the dashboards are those of the guides, and one has the nine panels that they recommend', () => {
  expect(dashboards.map(({ title }) => title)).toEqual([
    'Backend Overview',
    'Contract Health',
    'Oracle Operations',
    'User Growth',
    'System Health',
  ])
  expect(dashboards[0]?.panels.map(({ title }) => title)).toEqual([
    'Request rate',
    'Error rate',
    'p95 latency',
    'Cache hit rate',
    'Database query performance',
    'RPC call success rate',
    'Circuit breaker status',
    'Active connections',
    'Pattern detections',
  ])
})

test('every query reads a metric that has a producer', () => {
  const produced = Object.values(operationsMetrics).map(({ name }) => name)
  for (const query of queries) {
    const names =
      query
        .replaceAll(/by \([^)]*\)|"[^"]*"/g, '')
        .match(/[a-z][\w:]*(?=[[{])|(?<=\()[a-z]\w*(?=\))/gi) ?? []
    expect(names.length, query).toBeGreaterThan(0)
    for (const name of names) {
      expect(produced, query).toContain(name.replace(/_(bucket|count|sum)$/, ''))
    }
  }
})

test('panels have ids of their own and do not lie on each other', () => {
  for (const { panels } of exported) {
    const places = panels.map(({ gridPos }) => `${gridPos.x}/${gridPos.y}`)
    expect(new Set(places).size).toBe(panels.length)
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  }
})

describe('a panel', () => {
  const series = [{ expr: measure.gauge({ metric: 'up' }), legend: 'up' }]

  test('leaves the names of its series to Grafana, unless it has some', () => {
    const { panels } = toGrafanaDashboard({
      uid: 'x',
      title: 'X',
      panels: [
        {
          title: 'up',
          unit: 'short',
          series: [{ expr: measure.gauge({ metric: 'up' }) }, ...series],
        },
      ],
    })
    expect(panels[0]?.targets.map(({ legendFormat }) => legendFormat)).toEqual(['__auto', 'up'])
  })

  const [low, high] = ['MemoryUsageHigh', 'APIHighErrorRate'].map((name) =>
    createOperationsRules().find((rule) => rule.name === name),
  )

  test('draws the threshold of its rule, red on the side that alerts', () => {
    const { panels } = toGrafanaDashboard({
      uid: 'x',
      title: 'X',
      panels: [
        { title: 'low', unit: 'percentunit', series, rule: low },
        { title: 'high', unit: 'percentunit', series, rule: high },
        { title: 'none', unit: 'percentunit', series },
      ],
    })
    expect(panels.map(({ fieldConfig }) => fieldConfig.defaults.thresholds.steps)).toEqual([
      [
        { value: null, color: 'red' },
        { value: 0.15, color: 'green' },
      ],
      [
        { value: null, color: 'green' },
        { value: 0.05, color: 'red' },
      ],
      [{ value: null, color: 'green' }],
    ])
  })

  test('of more than 26 series still names each query once', () => {
    const many = Array.from({ length: 60 }, () => series[0]!)
    const { panels } = toGrafanaDashboard({
      uid: 'x',
      title: 'X',
      panels: [{ title: 'many', unit: 'short', series: many }],
    })
    expect(new Set(panels[0]?.targets.map(({ refId }) => refId)).size).toBe(60)
  })
})

test.each(['', 'with space', 'x'.repeat(41)])('the uid %j is refused', (uid) => {
  expect(() => toGrafanaDashboard({ uid, title: 'X', panels: [] })).toThrow('`uid` must be')
})

describePromtool('The dashboards', (promtool) => {
  test('ask nothing that Prometheus would refuse', async () => {
    const rules = queries.map((expr, index) => ({ record: `panel:${index}`, expr }))
    const folder = mkdtempSync(join(tmpdir(), 'assay-dashboards-'))
    const file = join(folder, 'queries.json')
    // YAML reads JSON.
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }))
    const { exitCode, output } = await promtool.run('check', 'rules', file)
    rmSync(folder, { recursive: true })
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 })
    expect(output).toContain(`${queries.length} rules found`)
  })
})
