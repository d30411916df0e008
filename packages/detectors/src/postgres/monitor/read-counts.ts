import type { SqlExecutor } from '@assay/core'
import { z } from 'zod'

import { HOUR_MS } from '../../monitoring-events/durations.ts'
import type { EventCount } from '../../monitoring-events/monitoring-repository.ts'
import { severitySchema } from './finding-row.ts'
import { momentOf } from './moment-of.ts'

/**
 * Counts events by hour. Whole hours that were counted before are looked up; only the rest of the range,
 * at its two ends, is counted now.
 */
export async function readCounts(
  executor: SqlExecutor,
  { since, until }: { readonly since: number; readonly until: number },
): Promise<readonly EventCount[]> {
  const clock = await executor.query('select counted_until from assay_dashboard_clock')
  const countedUntil = z.date().parse(clock.rows[0]?.['counted_until']).getTime()
  const firstHour = Math.ceil(since / HOUR_MS) * HOUR_MS
  const lastHour = Math.min(Math.floor(until / HOUR_MS) * HOUR_MS, countedUntil)
  // Where no whole hour was counted, both ends meet at the end of the range.
  const [from, to] = firstHour < lastHour ? [firstHour, lastHour] : [until, until]
  const { rows } = await executor.query(COUNT_BY_HOUR, [since, from, to, until])
  return z.array(countSchema).parse(rows)
}

const countSchema = z.object({
  hour: z.number(),
  type: z.string(),
  severity: severitySchema,
  count: z.number(),
})

const COUNT_BY_HOUR = `
select extract(epoch from hour)::float8 * 1000 as hour, event_type as type, severity,
  sum(events)::float8 as count
from (
  ${countNow('$1', '$2')}
  union all
  select hour, event_type, severity, events from assay_event_counts
  where hour >= ${momentOf('$2')} and hour < ${momentOf('$3')}
  union all
  ${countNow('$3', '$4')}
) as counted
group by counted.hour, event_type, severity
order by counted.hour, event_type, severity`

function countNow(from: string, to: string): string {
  return `(
    select date_bin('1 hour', detection_timestamp, timestamptz 'epoch') as hour, event_type, severity,
      count(*) as events
    from monitoring_events
    where detection_timestamp >= ${momentOf(from)} and detection_timestamp < ${momentOf(to)}
    group by 1, 2, 3
  )`
}
