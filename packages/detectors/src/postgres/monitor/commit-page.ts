import type { SqlExecutor, SqlValue } from '@assay/core'

import type { MonitorCommit } from '../../monitor/monitor-store.ts'

/**
 * Moves the cursor of a partition and saves the states that a page touched, in one statement: nothing is
 * written unless the cursor moves. Within a transaction it holds the partition until the end, so
 * that nobody takes it over meanwhile.
 *
 * @returns whether the partition is still the caller's, and stood where the caller believed
 */
export async function commitPage(
  executor: SqlExecutor,
  { lease, cursorBefore, cursor, watermark, readAt, states }: MonitorCommit,
): Promise<boolean> {
  const last = new Map(states.map((state) => [state.key, state]))
  const values: SqlValue[] = [
    lease.pass,
    lease.partition,
    lease.token,
    cursorBefore,
    cursor,
    watermark,
    readAt,
    JSON.stringify([...last.values()]),
  ]
  const { rows } = await executor.query(COMMIT_PAGE, values)
  return rows[0]?.['moved'] === true
}

const COMMIT_PAGE = `
with moved as (
  update assay_monitor_partitions set cursor = $5, watermark = $6, read_at = $7
  where pass = $1 and partition = $2 and token = $3 and cursor is not distinct from $4
  returning id
), saved as (
  insert into assay_monitor_states (partition_id, key, state, wake_at)
  select id, key, state, "wakeAt"
  from moved, json_to_recordset($8::text::json) as touched(key text, state text, "wakeAt" float8)
  order by key collate "C"
  on conflict (partition_id, key) do update set state = excluded.state, wake_at = excluded.wake_at
)
select exists (select from moved) as moved`
