import { compileToPromql } from '../alert-rules/compile-promql.ts'
import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { Dashboard, DashboardPanel } from './dashboard.ts'
import type { GrafanaDashboard, GrafanaDataSource, GrafanaPanel } from './grafana-dashboard.ts'

/** Grafana's grid is 24 wide: two panels stand side by side. */
const PANEL_WIDTH = 12
const PANEL_HEIGHT = 8

/** What Grafana's editor writes for the legend `Auto`. */
const GRAFANA_AUTO_LEGEND = '__auto'

const dataSource: GrafanaDataSource = { type: 'prometheus', uid: '${datasource}' }

/**
 * Writes a dashboard as the JSON that Grafana imports. Its queries are the measurements of the alert
 * rules, compiled as `toPrometheusRules` compiles them, so that what a panel shows is what alerts.
 *
 * @returns plain JSON; the data source is a variable on top of the dashboard
 * @throws {InvalidOptionError} `INVALID_OPTION` for a `uid` that Grafana would refuse
 *
 * @example
 * ```ts
 * import { measure, toGrafanaDashboard } from '@assay/core'
 *
 * const dashboard = toGrafanaDashboard({
 *   uid: 'payouts',
 *   title: 'Payouts',
 *   panels: [
 *     {
 *       title: 'Payouts',
 *       unit: 'reqps',
 *       series: [{ expr: measure.rate({ metric: 'payouts_total', windowMs: 300_000 }) }],
 *     },
 *   ],
 * })
 * console.log(dashboard.panels[0]?.targets[0]?.expr) // sum(rate(payouts_total[5m]))
 * ```
 */
export function toGrafanaDashboard({ uid, title, panels }: Dashboard): GrafanaDashboard {
  if (!/^[\w-]{1,40}$/.test(uid)) {
    throw new InvalidOptionError('toGrafanaDashboard', 'uid', '1 to 40 letters, digits, `-` or `_`')
  }
  return {
    uid,
    title,
    tags: ['assay'],
    timezone: 'utc',
    editable: true,
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [{ type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus' }],
    },
    annotations: { list: [] },
    panels: panels.map(toGrafanaPanel),
  }
}

function toGrafanaPanel(panel: DashboardPanel, index: number): GrafanaPanel {
  const { title, description, unit, series, rule } = panel
  return {
    id: index + 1,
    type: 'timeseries',
    title,
    ...(description === undefined ? {} : { description }),
    datasource: dataSource,
    gridPos: {
      h: PANEL_HEIGHT,
      w: PANEL_WIDTH,
      x: (index % 2) * PANEL_WIDTH,
      y: Math.floor(index / 2) * PANEL_HEIGHT,
    },
    targets: series.map(({ expr, legend = GRAFANA_AUTO_LEGEND }, at) => ({
      refId: refIdOf(at),
      expr: compileToPromql(expr),
      legendFormat: legend,
      datasource: dataSource,
    })),
    fieldConfig: {
      defaults: {
        unit,
        ...(unit === 'percentunit' ? { min: 0 } : {}),
        thresholds: { mode: 'absolute', steps: thresholdSteps(rule) },
        custom: { thresholdsStyle: { mode: rule === undefined ? 'off' : 'line' } },
      },
      overrides: [],
    },
  }
}

/** `A` to `Z`, then `A1`, `B1`, …: what Grafana calls queries, and unique on a panel. */
function refIdOf(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26))
  return index < 26 ? letter : `${letter}${Math.floor(index / 26)}`
}

/** Steps ascend from the base, which has no value. */
function thresholdSteps(rule: DashboardPanel['rule']): { value: number | null; color: string }[] {
  if (rule === undefined) return [{ value: null, color: 'green' }]
  const isBadBelow = rule.op === '<' || rule.op === '<='
  return [
    { value: null, color: isBadBelow ? 'red' : 'green' },
    { value: rule.threshold, color: isBadBelow ? 'green' : 'red' },
  ]
}
