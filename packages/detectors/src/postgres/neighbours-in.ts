/**
 * Selects the accounts with two rows whose event times lie close together.
 *
 * @param table which rows; `$1` is their source
 * @param withinMs the placeholder of the distance, which itself still counts as close
 */
export function neighboursIn(table: string, withinMs: string): string {
  return `select account_id from (
    select account_id, event_time_ms - lag(event_time_ms) over (
      partition by account_id order by event_time_ms
    ) as apart_ms
    from ${table} where source = $1
  ) as steps where apart_ms <= ${withinMs}::float8`
}
