import type { CounterSeries, Metrics } from '../metrics/metrics.ts'

/** Counter by `channel` and `outcome` (see {@link AlertDeliveryOutcome}): deliveries that ended. */
export const ALERT_CHANNEL_DELIVERIES_TOTAL = 'alert_channel_deliveries_total'
/** Counter by `channel`: pauses that the other side asked for and that a bound cut short. */
export const ALERT_CHANNEL_CUT_PAUSES_TOTAL = 'alert_channel_cut_pauses_total'
/** Counter by `channel`: alerts that a bound of an Alertmanager channel kept from being re-sent. */
export const ALERT_CHANNEL_UNTRACKED_TOTAL = 'alert_channel_untracked_total'

/**
 * - `delivered`: the other side confirmed it.
 * - `refused`: the other side will never take it.
 * - `failed`: it may succeed later.
 * - `aborted`: the caller gave up.
 */
export type AlertDeliveryOutcome = 'delivered' | 'refused' | 'failed' | 'aborted'

/** Makes what counts the deliveries of one channel. */
export function createDeliveryCounter(
  metrics: Metrics,
  channel: string,
): (outcome: AlertDeliveryOutcome) => void {
  const counter = metrics.counter({
    name: ALERT_CHANNEL_DELIVERIES_TOTAL,
    help: 'Deliveries of notifications that ended, by outcome.',
    labelNames: ['channel', 'outcome'],
  })
  const series: Readonly<Record<AlertDeliveryOutcome, CounterSeries>> = {
    delivered: counter.labels({ channel, outcome: 'delivered' }),
    refused: counter.labels({ channel, outcome: 'refused' }),
    failed: counter.labels({ channel, outcome: 'failed' }),
    aborted: counter.labels({ channel, outcome: 'aborted' }),
  }
  return (outcome) => addTo(series[outcome])
}

/** Makes what counts the pauses of one channel that a bound cut short. */
export function createCutPauseCounter(metrics: Metrics, channel: string): () => void {
  const series = metrics
    .counter({
      name: ALERT_CHANNEL_CUT_PAUSES_TOTAL,
      help: 'Pauses that the other side asked for and that a bound cut short.',
      labelNames: ['channel'],
    })
    .labels({ channel })
  return () => addTo(series)
}

/** Makes what counts the alerts of one channel that are not re-sent. */
export function createUntrackedCounter(
  metrics: Metrics,
  channel: string,
): (amount: number) => void {
  const series = metrics
    .counter({
      name: ALERT_CHANNEL_UNTRACKED_TOTAL,
      help: 'Alerts that a bound kept from being re-sent to an Alertmanager.',
      labelNames: ['channel'],
    })
    .labels({ channel })
  return (amount) => addTo(series, amount)
}

/** A registry that throws must not cost anyone an alert. */
function addTo(series: CounterSeries, amount = 1): void {
  try {
    series.inc(amount)
  } catch {
    // The count is lost; the delivery is not.
  }
}
