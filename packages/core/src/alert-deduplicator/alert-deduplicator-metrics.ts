import { tellQuietly } from '../errors/tell-quietly.ts'
import type { CounterSeries, Metrics } from '../metrics/metrics.ts'
import type { AlertReason } from './alert-decision.ts'

/** Counter by `name` and `reason` (`firing`, `repeat`, `resolved`): decisions that people must be told. */
export const ALERT_DEDUPLICATOR_NOTICES_TOTAL = 'alert_deduplicator_notices_total'
/** Counter by `name`: keys forgotten at `maxKeys`, none of which was alerting. */
export const ALERT_DEDUPLICATOR_EVICTED_TOTAL = 'alert_deduplicator_evicted_total'
/** Counter by `name`: failures not counted, all `maxKeys` keys being alerting. Above 0, page someone. */
export const ALERT_DEDUPLICATOR_REFUSED_TOTAL = 'alert_deduplicator_refused_total'

/** What a deduplicator counts: readable on the object, and the same in the host's metrics. */
export interface AlertDeduplicatorTally {
  notice(reason: AlertReason): void
  evicted(): void
  refused(): void
  readonly evictedCount: number
  readonly refusedCount: number
}

export function createAlertDeduplicatorTally(
  metrics: Metrics,
  name: string,
): AlertDeduplicatorTally {
  const notices = metrics.counter({
    name: ALERT_DEDUPLICATOR_NOTICES_TOTAL,
    help: 'Decisions that people must be told, by reason.',
    labelNames: ['name', 'reason'],
  })
  const noticeSeries = {
    firing: notices.labels({ name, reason: 'firing' }),
    repeat: notices.labels({ name, reason: 'repeat' }),
    resolved: notices.labels({ name, reason: 'resolved' }),
  }
  const evictedSeries = metrics
    .counter({
      name: ALERT_DEDUPLICATOR_EVICTED_TOTAL,
      help: 'Keys forgotten at the bound; none was alerting.',
      labelNames: ['name'],
    })
    .labels({ name })
  const refusedSeries = metrics
    .counter({
      name: ALERT_DEDUPLICATOR_REFUSED_TOTAL,
      help: 'Failures not counted because every key that is kept is alerting.',
      labelNames: ['name'],
    })
    .labels({ name })

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
  tellQuietly(() => series.inc())
}
