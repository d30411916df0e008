import { readFileSync } from 'node:fs'

import type { SqlClient } from '@assay/core'

const GUIDE = new URL('../../../../docs/detectors.md', import.meta.url)

/**
 * Runs the SQL that the guide shows, as it stands there, so that it cannot show what does not work.
 *
 * @param client where
 * @param has what the one block that is meant has in it, and no other
 */
export async function runGuideSql(client: SqlClient, has: string): Promise<void> {
  const blocks = [...readFileSync(GUIDE, 'utf8').matchAll(/^```sql\n(.*?)^```$/gms)]
  const [block, ...others] = blocks.flatMap(([, sql = '']) => (sql.includes(has) ? [sql] : []))
  if (block === undefined || others.length > 0) throw new Error(`Not one block has: ${has}`)
  // A block may have several statements, and `query` takes one.
  await client.query(`do $guide$ begin execute $block$${block}$block$; end $guide$`)
}
