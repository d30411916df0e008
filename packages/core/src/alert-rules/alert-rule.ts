import type { Severity } from '../alerts/severity.ts'
import type { AlertExpression } from './alert-expression.ts'

/** How a measurement is compared with the threshold. For a value of `NaN` there is no data. */
export type AlertOperator = '>' | '>=' | '<' | '<=' | '==' | '!='

/** A measurement that is not as it should be. */
export interface AlertCondition {
  readonly expr: AlertExpression
  readonly op: AlertOperator
  /** In the unit of the expression; a share is between 0 and 1. */
  readonly threshold: number
  /** With fewer events than this in the window there is no data. 0 where none are needed. */
  readonly minSamples: number
}

/** A rule as `defineAlertRule` returns it: checked, complete and frozen. */
export interface AlertRule extends AlertCondition {
  /** In the form of a Prometheus alert name: `OracleServiceDown`. */
  readonly name: string
  readonly severity: Severity
  /** Conditions that must hold as well, for the same label set. */
  readonly and: readonly AlertCondition[]
  /** Conditions each of which is enough by itself. */
  readonly or: readonly AlertCondition[]
  /** How long it must hold before it fires, in milliseconds. */
  readonly forMs: number
  /** How long it goes on firing when it no longer holds or has no data, in milliseconds. */
  readonly keepFiringForMs: number
  /** What to do about it. */
  readonly runbookUrl: string
  /** One line for a person. */
  readonly summary: string
  /** More, for the person who has read the line. */
  readonly description: string | undefined
  /** Added to the labels of every alert; where a series has the same label, these win. */
  readonly labels: Readonly<Record<string, string>>
}
