import type { AlertExpression } from '../alert-rules/alert-expression.ts'
import type { AlertRule } from '../alert-rules/alert-rule.ts'

/**
 * The unit of a panel, as Grafana names it: `percentunit` is a share between 0 and 1, `s` seconds,
 * `reqps` per second, `short` a plain number.
 */
export type PanelUnit = 'bytes' | 'percentunit' | 'reqps' | 's' | 'short'

/** One measurement on a panel. */
export interface PanelSeries {
  readonly expr: AlertExpression
  /**
   * Its name on the panel; `{{label}}` stands for a label's value. Default: Grafana names it by the
   * labels in which the series of the panel differ.
   */
  readonly legend?: string | undefined
}

/** One panel of a dashboard. */
export interface DashboardPanel {
  readonly title: string
  readonly unit: PanelUnit
  readonly series: readonly PanelSeries[]
  /** One line for the person who hovers over the title. */
  readonly description?: string | undefined
  /** The alert rule whose threshold is drawn on the panel. */
  readonly rule?: AlertRule | undefined
}

/** A dashboard as data: the same measurements as the alert rules, to look at. */
export interface Dashboard {
  /** Stays the same over exports, so that an import replaces: letters, digits, `-` and `_`, up to 40. */
  readonly uid: string
  readonly title: string
  readonly panels: readonly DashboardPanel[]
}
