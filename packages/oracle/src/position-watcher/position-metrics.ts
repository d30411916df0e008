import type { Metrics } from '@assay/core'

/** Counter: events of position changes that were read. */
export const POSITION_EVENTS_TOTAL = 'position_events_total'
/** Counter: logs with the topic of a watched event that are none. */
export const POSITION_EVENTS_UNREADABLE_TOTAL = 'position_events_unreadable_total'
/** Counter: values that the oracle refused. */
export const POSITION_INTENTS_REFUSED_TOTAL = 'position_intents_refused_total'
/** Counter: times that final blocks were taken back. */
export const POSITION_REWINDS_TOTAL = 'position_rewinds_total'

/** What is counted of a watcher. A registry that throws costs nothing else. */
export interface PositionTally {
  read(counts: {
    readonly events: number
    readonly unreadable: number
    readonly refused: number
  }): void
  rewound(): void
}

/** @throws {MetricConflictError} `METRIC_CONFLICT` when a name stands for something else */
export function createPositionTally(metrics: Metrics): PositionTally {
  const events = metrics
    .counter({ name: POSITION_EVENTS_TOTAL, help: 'Events of position changes read.' })
    .labels({})
  const unreadable = metrics
    .counter({
      name: POSITION_EVENTS_UNREADABLE_TOTAL,
      help: 'Logs with the topic of a watched event that are none.',
    })
    .labels({})
  const refusals = metrics
    .counter({ name: POSITION_INTENTS_REFUSED_TOTAL, help: 'Values that the oracle refused.' })
    .labels({})
  const rewinds = metrics
    .counter({ name: POSITION_REWINDS_TOTAL, help: 'Times that final blocks were taken back.' })
    .labels({})
  return {
    read(counts) {
      events.inc(counts.events)
      unreadable.inc(counts.unreadable)
      refusals.inc(counts.refused)
    },
    rewound: () => rewinds.inc(),
  }
}
