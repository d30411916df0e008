import type { SqlExecutor } from '@assay/core'

import type { PositionCursorStore } from '../position-watcher/position-cursor-store.ts'

/**
 * Keeps cursors of watchers in PostgreSQL, in the table `assay_oracle_cursors` of `migrations`.
 *
 * @param client where the statements run
 */
export function createPostgresPositionCursorStore(client: SqlExecutor): PositionCursorStore {
  return {
    async load(watcher) {
      const { rows } = await client.query(LOAD, [watcher])
      const [row] = rows
      if (row === undefined) return null
      return { blockNumber: row['block_number'] as bigint, blockHash: String(row['block_hash']) }
    },
    async save(watcher, { from, to }) {
      const values = [watcher, to.blockNumber, to.blockHash]
      const { rowCount } =
        from === null
          ? await client.query(BEGIN, values)
          : await client.query(MOVE, [...values, from.blockHash])
      return rowCount === 1
    },
  }
}

const LOAD = 'select block_number, block_hash from assay_oracle_cursors where watcher = $1'

const BEGIN = `
insert into assay_oracle_cursors (watcher, block_number, block_hash) values ($1, $2::bigint, $3)
on conflict do nothing`

const MOVE = `
update assay_oracle_cursors set block_number = $2::bigint, block_hash = $3
where watcher = $1 and block_hash = $4`
