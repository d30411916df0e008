import { z } from 'zod'

import type { Silence } from '../../alert-manager/silence.ts'
import type { SqlExecutor, SqlRow } from '../../sql/sql-client.ts'
import { parseRow } from './parse-row.ts'

/** Adds a silence unless `limit` have not ended, and returns whether there was room. */
export async function addSilence(
  tx: SqlExecutor,
  scope: string,
  {
    silence: { id, matchers, startsAt, endsAt, author, comment },
    now,
    limit,
  }: { readonly silence: Silence; readonly now: number; readonly limit: number },
): Promise<boolean> {
  const values = [id, JSON.stringify(matchers), startsAt, endsAt, author, comment]
  const { rowCount } = await tx.query(ADD_SILENCE, [scope, ...values, now, limit])
  return rowCount === 1
}

/** Ends a silence, and returns whether there was one that had not ended. */
export async function endSilence(
  tx: SqlExecutor,
  scope: string,
  { id, now }: { readonly id: string; readonly now: number },
): Promise<boolean> {
  const { rowCount } = await tx.query(END_SILENCE, [scope, id, now])
  return rowCount === 1
}

/** The silences that have not ended, those first that end first. */
export async function listSilences(
  client: SqlExecutor,
  scope: string,
  now: number,
): Promise<Silence[]> {
  const { rows } = await client.query(LIST_SILENCES, [scope, now])
  return rows.map(parseSilenceRow)
}

/** Deletes the silences that have ended. */
export async function pruneSilences(tx: SqlExecutor, scope: string, now: number): Promise<void> {
  await tx.query(PRUNE_SILENCES, [scope, now])
}

const SILENCE_COLUMNS = 'id, matchers, starts_at, ends_at, author, comment'

const ADD_SILENCE = `
insert into assay_alert_silences (scope, ${SILENCE_COLUMNS})
select $1, $2, $3::text::jsonb, $4::float8, $5::float8, $6, $7
where (
  select count(*) from assay_alert_silences where scope = $1 and ends_at > $8::float8
) < $9::bigint`

const END_SILENCE = `
update assay_alert_silences set ends_at = $3::float8
where scope = $1 and id = $2 and ends_at > $3::float8`

const LIST_SILENCES = `
select ${SILENCE_COLUMNS} from assay_alert_silences
where scope = $1 and ends_at > $2::float8 order by ends_at, id`

const PRUNE_SILENCES = `
delete from assay_alert_silences where scope = $1 and ends_at <= $2::float8`

const silenceRowSchema = z.object({
  id: z.string(),
  matchers: z.array(
    z.object({ label: z.string(), op: z.enum(['=', '!=', '=~', '!~']), value: z.string() }),
  ),
  starts_at: z.number(),
  ends_at: z.number(),
  author: z.string(),
  comment: z.string(),
})

function parseSilenceRow(row: SqlRow): Silence {
  const {
    starts_at: startsAt,
    ends_at: endsAt,
    ...parsed
  } = parseRow(silenceRowSchema, row, 'assay_alert_silences')
  return { ...parsed, startsAt, endsAt }
}
