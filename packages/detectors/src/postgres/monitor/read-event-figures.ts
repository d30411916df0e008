import type { SqlExecutor } from '@assay/core'
import { z } from 'zod'

import type { EventFigures } from '../../monitoring-events/monitoring-repository.ts'

/** Counts in one statement, so that both figures are of one moment. */
export async function readEventFigures(executor: SqlExecutor, now: number): Promise<EventFigures> {
  const { rows } = await executor.query(READ_EVENT_FIGURES, [now])
  return figuresSchema.parse(rows[0])
}

const figuresSchema = z.object({ openEvents: z.number(), criticalEventsLastHour: z.number() })

// Each is counted in an index alone. The summary knows how many are open as well, but of a minute ago.
const READ_EVENT_FIGURES = `
select
  (
    select count(*)::float8 from monitoring_events
    where status = 'OPEN' and detection_timestamp < moment
  ) as "openEvents",
  (
    select count(*)::float8 from monitoring_events
    where severity = 'critical'
      and detection_timestamp >= moment - interval '1 hour' and detection_timestamp < moment
  ) as "criticalEventsLastHour"
from to_timestamp($1::float8 / 1000) as moment`
