import { assertWholeNumber } from '../errors/invalid-option-error.ts'

/** What an alert manager bounds. What does not fit is counted, and announced by an alert. */
export interface AlertManagerLimits {
  /** Alerts that are kept at once. Default 100 000. */
  readonly alerts?: number | undefined
  /** Groups that are kept at once. Default 10 000. */
  readonly groups?: number | undefined
  /** Calls of `fire` and `resolve` that wait for the store at once. Default 100 000. */
  readonly waiting?: number | undefined
  /**
   * Alerts that one notification carries, unless its channel asks for another number; the others are
   * counted in it. Default 100.
   */
  readonly alertsPerNotification?: number | undefined
  /** Silences that have not ended. Default 1 000. */
  readonly silences?: number | undefined
  /** Labels of one alert; more are cut off. Default 64. */
  readonly labels?: number | undefined
  /** Characters of a name, a label and its value; more are cut off. Default 1 024. */
  readonly labelLength?: number | undefined
  /** Characters of a summary, a description and a URL; more are cut off. Default 4 096. */
  readonly textLength?: number | undefined
}

/** Limits without gaps. */
export type ResolvedAlertLimits = { readonly [Limit in keyof AlertManagerLimits]-?: number }

/** Fills in the defaults. */
export function resolveAlertLimits(
  factory: string,
  limits: AlertManagerLimits,
): ResolvedAlertLimits {
  const resolved: ResolvedAlertLimits = {
    alerts: limits.alerts ?? 100_000,
    groups: limits.groups ?? 10_000,
    waiting: limits.waiting ?? 100_000,
    alertsPerNotification: limits.alertsPerNotification ?? 100,
    silences: limits.silences ?? 1_000,
    labels: limits.labels ?? 64,
    labelLength: limits.labelLength ?? 1_024,
    textLength: limits.textLength ?? 4_096,
  }
  for (const [limit, value] of Object.entries(resolved)) {
    assertWholeNumber(factory, `limits.${limit}`, value, { min: 1 })
  }
  return resolved
}
