import type { SqlClient } from '@assay/core'

/**
 * Waits until all that was committed can be read by a PostgreSQL source: until every transaction has
 * ended that is open now, of other tests on the server as well.
 */
export async function untilReadable(client: SqlClient): Promise<void> {
  const { rows } = await client.query(
    `select age(pg_snapshot_xmin(snapshot)::xid) + pg_snapshot_xmin(snapshot)::text::bigint as next
     from pg_current_snapshot() as snapshot`,
  )
  const next = String(rows[0]?.['next'])
  for (;;) {
    const { rows: states } = await client.query(
      `select pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 as ended, pg_sleep(0.002)`,
      [next],
    )
    if (states[0]?.['ended'] === true) return
  }
}
