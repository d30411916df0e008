import type { SqlExecutor } from '@assay/core'
import { z } from 'zod'

import type { Finding } from '../../detector/finding.ts'
import type { RejudgedSubject } from '../../monitor/monitor-store.ts'
import {
  applyFinding,
  isRejudged,
  refuteFinding,
  settleFindings,
  type StoredFinding,
} from '../../monitor/stored-finding.ts'
import {
  FINDING_COLUMNS,
  JOIN_EVENT,
  parseFindingRow,
  WRITTEN_COLUMNS,
  writeFinding,
} from './finding-row.ts'
import { toStorableJson } from './storable-json.ts'

/** What was found, and by whom. */
export interface FoundFindings {
  /** In order; the same fingerprint may come several times. */
  readonly findings: readonly Finding[]
  readonly rejudged: readonly RejudgedSubject[]
  readonly now: number
  /** Beside the findings, for whoever looks into one. */
  readonly context: Readonly<Record<string, string | number>>
}

/**
 * Ends the open findings that no longer hold, takes the new ones in, and writes the events that have
 * changed. The month of `now` must be there.
 */
export async function putFindings(
  tx: SqlExecutor,
  { findings, rejudged, now, context }: FoundFindings,
): Promise<void> {
  const refuted = await findRefuted(tx, rejudged)
  if (findings.length === 0 && refuted.length === 0) return

  const before = await lockFindings(tx, [...refuted, ...findings], now)
  const after = new Map(before)
  const put = (finding: Finding): void => {
    const current = after.get(finding.fingerprint)
    if (current === ENDED) return
    after.set(finding.fingerprint, applyFinding(current, finding, isRejudged(finding, rejudged)))
  }
  for (const { fingerprint } of refuted) {
    const current = after.get(fingerprint)
    if (current === undefined || current === ENDED) continue
    after.set(fingerprint, refuteFinding(current, now))
  }
  for (const finding of settleFindings(findings, rejudged)) put(finding)

  const changed = [...after].flatMap(([fingerprint, stored]) => {
    if (stored === ENDED || stored === before.get(fingerprint)) return []
    const { finding, revision, isRefuted: is_refuted } = stored
    const is_new = !before.has(fingerprint)
    const { action } = finding
    return [{ ...writeFinding(finding), action, revision, is_new, is_refuted }]
  })
  if (changed.length > 0) {
    await tx.query(PUT_EVENTS, [toStorableJson(changed), now, toStorableJson(context)])
  }
}

/** Of a finding that has ended nothing more is needed; its event may be gone. */
const ENDED = 'ended'

interface FindingName {
  readonly fingerprint: string
  readonly subject: string
  readonly ruleId: string
}

const nameSchema = z.object({ fingerprint: z.string(), subject: z.string(), ruleId: z.string() })

async function findRefuted(
  tx: SqlExecutor,
  rejudged: readonly RejudgedSubject[],
): Promise<readonly FindingName[]> {
  if (rejudged.length === 0) return []
  const subjects = [...new Set(rejudged.map(({ subject }) => subject))]
  const { rows } = await tx.query(FIND_OPEN, [toStorableJson(subjects)])
  return z
    .array(nameSchema)
    .parse(rows)
    .filter(({ fingerprint, subject, ruleId }) =>
      rejudged.some(
        (judged) =>
          judged.subject === subject &&
          judged.ruleIds.includes(ruleId) &&
          !judged.fingerprints.includes(fingerprint),
      ),
    )
}

const lockedSchema = z.object({
  fingerprint: z.string(),
  hasEnded: z.boolean(),
  isRefuted: z.boolean(),
  revision: z.int(),
})

/**
 * Locks the keys of findings, and makes those that are missing, in one statement and one order: two
 * pages with the same findings must not wait for each other in a circle.
 */
async function lockFindings(
  tx: SqlExecutor,
  names: readonly FindingName[],
  now: number,
): Promise<ReadonlyMap<string, StoredFinding | typeof ENDED>> {
  const distinct = new Map(
    names.map(({ fingerprint, subject, ruleId }) => [
      fingerprint,
      { fingerprint, subject, ruleId },
    ]),
  )
  const { rows } = await tx.query(LOCK_KEYS, [toStorableJson([...distinct.values()]), now])
  const locked = z.array(lockedSchema).parse(rows)

  const stored = new Map<string, StoredFinding | typeof ENDED>()
  for (const { fingerprint, hasEnded } of locked) if (hasEnded) stored.set(fingerprint, ENDED)
  // What was refuted may come true again, as long as its event is there.
  const open = locked.flatMap(({ fingerprint, hasEnded, isRefuted, revision }) =>
    (hasEnded && !isRefuted) || revision === 0 ? [] : [fingerprint],
  )
  if (open.length === 0) return stored

  const events = await tx.query(READ_OPEN, [toStorableJson(open)])
  for (const row of events.rows) {
    const read = parseFindingRow(row)
    const isRefuted = read.finding.action === 'resolve'
    stored.set(read.finding.fingerprint, { ...read, isRefuted })
  }
  return stored
}

const FIND_OPEN = `
select fingerprint, subject, rule_id as "ruleId" from assay_finding_keys
where ended_at is null
  and subject in (select json_array_elements_text($1::text::json))`

// The update changes nothing. It locks the key.
const LOCK_KEYS = `
insert into assay_finding_keys as kept (fingerprint, detected_at, subject, rule_id, action)
select fingerprint, to_timestamp($2::float8 / 1000), subject, "ruleId", 'open'
from json_to_recordset($1::text::json) as found(fingerprint text, subject text, "ruleId" text)
order by fingerprint collate "C"
on conflict (fingerprint) do update set fingerprint = kept.fingerprint
returning fingerprint, ended_at is not null as "hasEnded", is_refuted as "isRefuted", revision`

const READ_OPEN = `
select ${FINDING_COLUMNS}
from assay_finding_keys as finding_key ${JOIN_EVENT}
where finding_key.fingerprint in (select json_array_elements_text($1::text::json))`

const COLUMN_NAMES = Object.keys(WRITTEN_COLUMNS)
const COLUMN_TYPES = Object.entries(WRITTEN_COLUMNS).map(([name, type]) => `${name} ${type}`)

// Events are numbered in the order in which they were found. Who has taken one on stays with it.
const PUT_EVENTS = `
with changed as (
  select *, to_timestamp($2::float8 / 1000) as at,
    case when is_new then nextval('assay_monitoring_event_id') end as new_id,
    case action when 'resolve' then to_timestamp($2::float8 / 1000) end as ended_at
  from json_to_recordset($1::text::json) as found(
    ${COLUMN_TYPES.join(', ')}, action text, revision int, is_new boolean,
    is_refuted boolean
  )
), keyed as (
  update assay_finding_keys as kept
  set event_id = coalesce(kept.event_id, changed.new_id), action = changed.action,
    revision = changed.revision, ended_at = changed.ended_at, is_refuted = changed.is_refuted
  from changed where kept.fingerprint = changed.fingerprint
  returning kept.fingerprint, kept.event_id, kept.detected_at
)
insert into monitoring_events as event (
  event_id, detection_timestamp, ${COLUMN_NAMES.join(', ')}, context_data, status, resolved_at,
  updated_at
)
select event_id, detected_at, ${COLUMN_NAMES.map((name) => `changed.${name}`).join(', ')},
  $3::text::jsonb, case action when 'resolve' then 'RESOLVED' else 'OPEN' end, ended_at, at
from changed join keyed using (fingerprint)
on conflict (event_id, detection_timestamp) do update set
  ${COLUMN_NAMES.map((name) => `${name} = excluded.${name}`).join(', ')},
  status = case when 'RESOLVED' in (excluded.status, event.status) then excluded.status
    else event.status end,
  resolved_at = excluded.resolved_at,
  updated_at = excluded.updated_at`
