/** Where a panel's queries go: the data source that is chosen on top of the dashboard. */
export interface GrafanaDataSource {
  readonly type: 'prometheus'
  readonly uid: string
}

/** One panel in Grafana's JSON. */
export interface GrafanaPanel {
  readonly id: number
  readonly type: 'timeseries'
  readonly title: string
  readonly description?: string
  readonly datasource: GrafanaDataSource
  readonly gridPos: {
    readonly h: number
    readonly w: number
    readonly x: number
    readonly y: number
  }
  readonly targets: readonly {
    readonly refId: string
    readonly expr: string
    readonly legendFormat: string
    readonly datasource: GrafanaDataSource
  }[]
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit: string
      readonly min?: number
      readonly thresholds: {
        readonly mode: 'absolute'
        readonly steps: readonly { readonly value: number | null; readonly color: string }[]
      }
      readonly custom: { readonly thresholdsStyle: { readonly mode: 'line' | 'off' } }
    }
    readonly overrides: readonly never[]
  }
}

/** A dashboard in Grafana's JSON, as its import takes it. */
export interface GrafanaDashboard {
  readonly uid: string
  readonly title: string
  readonly tags: readonly string[]
  readonly timezone: 'utc'
  readonly editable: true
  readonly schemaVersion: 39
  readonly refresh: '30s'
  readonly time: { readonly from: string; readonly to: string }
  readonly templating: {
    readonly list: readonly {
      readonly type: 'datasource'
      readonly name: string
      readonly label: string
      readonly query: 'prometheus'
    }[]
  }
  readonly annotations: { readonly list: readonly never[] }
  readonly panels: readonly GrafanaPanel[]
}
