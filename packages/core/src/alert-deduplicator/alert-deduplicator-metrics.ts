import type { CounterSeries, Metrics } from '../metrics/metrics.ts'
import type { AlertReason } from './alert-decision.ts'

/** Counter by `reason` (`firing`, `repeat`, `resolved`): decisions that people must be told. */
export const ALERT_DEDUPLICATOR_NOTICES_TOTAL = 'alert_deduplicator_notices_total'
/** Counter: keys forgotten at `maxKeys`, none of which was alerting. */
export const ALERT_DEDUPLICATOR_EVICTED_TOTAL = 'alert_deduplicator_evicted_total'
/** Counter: failures not counted because all `maxKeys` keys are alerting. Above 0, page someone. */
export const ALERT_DEDUPLICATOR_REFUSED_TOTAL = 'alert_deduplicator_refused_total'

/** What a deduplicator counts: readable on the object, and the same in the host's metrics. */
export interface AlertDeduplicatorTally {
  notice(reason: AlertReason): void
  evicted(): void
  refused(): void
  readonly evictedCount: number
  readonly refusedCount: number
}

export function createAlertDeduplicatorTally(metrics: Metrics): AlertDeduplicatorTally {
  const notices = metrics.counter({
    name: ALERT_DEDUPLICATOR_NOTICES_TOTAL,
    help: 'Decisions that people must be told, by reason.',
    labelNames: ['reason'],
  })
  const noticeSeries = {
    firing: notices.labels({ reason: 'firing' }),
    repeat: notices.labels({ reason: 'repeat' }),
    resolved: notices.labels({ reason: 'resolved' }),
  }
  const evictedSeries = metrics
    .counter({
      name: ALERT_DEDUPLICATOR_EVICTED_TOTAL,
      help: 'Keys forgotten at the bound; none was alerting.',
    })
    .labels({})
  const refusedSeries = metrics
    .counter({
      name: ALERT_DEDUPLICATOR_REFUSED_TOTAL,
      help: 'Failures not counted because every key that is kept is alerting.',
    })
    .labels({})

  let evictedCount = 0
  let refusedCount = 0
  return {
    notice: (reason) => count(noticeSeries[reason]),
    evicted() {
      evictedCount += 1
      count(evictedSeries)
    },
    refused() {
      refusedCount += 1
      count(refusedSeries)
    },
    get evictedCount() {
      return evictedCount
    },
    get refusedCount() {
      return refusedCount
    },
  }
}

/** A registry that throws must not cost anyone an alert. */
function count(series: CounterSeries): void {
  try {
    series.inc()
  } catch {
    // The count is lost; the decision is not.
  }
}
