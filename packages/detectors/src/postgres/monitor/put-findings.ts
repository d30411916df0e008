import type { SqlExecutor } from '@assay/core'
import { z } from 'zod'

import type { Finding } from '../../detector/finding.ts'
import {
  applyFinding,
  type FindingName,
  type FindingOrigin,
  isRefuted,
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
export interface FoundFindings extends FindingOrigin {
  /** In order; the same fingerprint may come several times. */
  readonly findings: readonly Finding[]
  readonly now: number
  /** Beside the findings, for whoever looks into one. */
  readonly context: Readonly<Record<string, string | number>>
}

/**
 * Ends the open findings that no longer hold, takes the new ones in, and writes the events that have
 * changed. The month of `now` must be there.
 */
export async function putFindings(tx: SqlExecutor, found: FoundFindings): Promise<void> {
  const refutable = await findRefutable(tx, found)
  if (found.findings.length === 0 && refutable.length === 0) return

  const locked = await lockKeys(tx, [...refutable, ...found.findings], found.now)
  const keys = await letComeTrue(tx, locked, found)
  const before = await readKept(tx, keys)
  const after = takeIn(before, found)
  await writeChanged(tx, before, after, found)
}

/**
 * What is known of a finding. `settled` is one that has ended and stays so, of which nothing more is
 * needed. `gone` is one that may come true again, but whose event was removed.
 */
type KeptFinding = StoredFinding | 'settled' | 'gone'

type KeptFindings = ReadonlyMap<string, KeptFinding>

const keyShape = {
  fingerprint: z.string(),
  subject: z.string(),
  ruleId: z.string(),
  source: z.string().nullable(),
  beganAt: z.number(),
}

/** The findings that judging their subjects as a whole did not find, before anything is locked. */
async function findRefutable(
  tx: SqlExecutor,
  found: FoundFindings,
): Promise<readonly FindingName[]> {
  const subjects = [...new Set(found.rejudged.map(({ subject }) => subject))]
  if (subjects.length === 0) return []
  const { rows } = await tx.query(FIND_REFUTABLE, [toStorableJson(subjects)])
  const keys = z.array(z.object(keyShape)).parse(rows)
  return keys.filter((kept) => isRefuted(kept, found))
}

const keySchema = z.object({
  ...keyShape,
  ending: z.enum(['by-rule', 'by-person', 'refuted']).nullable(),
  revision: z.int(),
})

type FindingKey = z.output<typeof keySchema>

/**
 * Locks the keys of findings, and makes those that are missing, in one statement and one order: two
 * pages with the same findings must not wait for each other in a circle.
 */
async function lockKeys(
  tx: SqlExecutor,
  names: readonly FindingName[],
  now: number,
): Promise<readonly FindingKey[]> {
  const distinct = new Map(
    names.map(({ fingerprint, subject, ruleId }) => [
      fingerprint,
      { fingerprint, subject, ruleId },
    ]),
  )
  const { rows } = await tx.query(LOCK_KEYS, [toStorableJson([...distinct.values()]), now])
  return z.array(keySchema).parse(rows)
}

/** What a person has ended and what holds no more stays ended, but may come true again. */
async function letComeTrue(
  tx: SqlExecutor,
  keys: readonly FindingKey[],
  found: FoundFindings,
): Promise<readonly FindingKey[]> {
  const isOver = (key: FindingKey): boolean => key.ending === 'by-person' && isRefuted(key, found)
  const over = keys.filter(isOver).map(({ fingerprint }) => fingerprint)
  if (over.length === 0) return keys
  await tx.query(LET_COME_TRUE, [toStorableJson(over)])
  return keys.map((key) => (isOver(key) ? { ...key, ending: 'refuted' } : key))
}

async function readKept(tx: SqlExecutor, keys: readonly FindingKey[]): Promise<KeptFindings> {
  const known = keys.filter(({ revision }) => revision > 0)
  const byFingerprint = new Map(known.map((key) => [key.fingerprint, key]))
  const kept = new Map<string, KeptFinding>(
    known.map(({ fingerprint, ending }) => [
      fingerprint,
      ending === null || ending === 'refuted' ? 'gone' : 'settled',
    ]),
  )
  const needed = [...kept].flatMap(([fingerprint, state]) => (state === 'gone' ? fingerprint : []))
  if (needed.length === 0) return kept

  const { rows } = await tx.query(READ_EVENTS, [toStorableJson(needed)])
  for (const row of rows) {
    const read = parseFindingRow(row)
    const { fingerprint } = read.finding
    const { source, beganAt, ending } = byFingerprint.get(fingerprint)!
    kept.set(fingerprint, { ...read, source, beganAt, ending })
  }
  return kept
}

function takeIn(before: KeptFindings, found: FoundFindings): KeptFindings {
  const after = new Map(before)
  for (const [fingerprint, kept] of before) {
    if (kept === 'settled' || kept === 'gone') continue
    if (isRefuted({ ...kept.finding, ...kept }, found)) {
      after.set(fingerprint, refuteFinding(kept, found.now))
    }
  }
  for (const finding of settleFindings(found.findings, found.rejudged)) {
    const kept = after.get(finding.fingerprint)
    if (kept === 'settled' || (kept === 'gone' && finding.action === 'resolve')) continue
    const current = kept === 'gone' ? undefined : kept
    after.set(finding.fingerprint, applyFinding(current, finding, found))
  }
  return after
}

async function writeChanged(
  tx: SqlExecutor,
  before: KeptFindings,
  after: KeptFindings,
  { now, context }: FoundFindings,
): Promise<void> {
  const changed = [...after].flatMap(([fingerprint, kept]) => {
    const former = before.get(fingerprint)
    if (kept === 'settled' || kept === 'gone' || kept === former) return []
    const { finding, revision, source, beganAt: began_ms, ending } = kept
    const { action } = finding
    const is_new = former === undefined || former === 'gone'
    return [{ ...writeFinding(finding), action, revision, is_new, source, began_ms, ending }]
  })
  if (changed.length === 0) return
  await tx.query(PUT_EVENTS, [toStorableJson(changed), now, toStorableJson(context)])
}

const KEY_COLUMNS = `
  fingerprint, subject, rule_id as "ruleId", source, began_ms as "beganAt"`

const FIND_REFUTABLE = `
select ${KEY_COLUMNS} from assay_finding_keys
where (ending is null or ending = 'by-person')
  and subject in (select json_array_elements_text($1::text::json))`

// The update changes nothing. It locks the key.
const LOCK_KEYS = `
insert into assay_finding_keys as kept (fingerprint, detected_at, subject, rule_id, action)
select fingerprint, to_timestamp($2::float8 / 1000), subject, "ruleId", 'open'
from json_to_recordset($1::text::json) as found(fingerprint text, subject text, "ruleId" text)
order by fingerprint collate "C"
on conflict (fingerprint) do update set fingerprint = kept.fingerprint
returning ${KEY_COLUMNS}, ending, revision`

const LET_COME_TRUE = `
update assay_finding_keys set ending = 'refuted'
where fingerprint in (select json_array_elements_text($1::text::json))`

const READ_EVENTS = `
select ${FINDING_COLUMNS}
from assay_finding_keys as finding_key ${JOIN_EVENT}
where finding_key.fingerprint in (select json_array_elements_text($1::text::json))`

const COLUMN_NAMES = Object.keys(WRITTEN_COLUMNS)
const COLUMN_TYPES = Object.entries(WRITTEN_COLUMNS).map(([name, type]) => `${name} ${type}`)

// Events are numbered in the order in which they were found. Who has taken one on stays with it. One
// whose former event is gone has another one, in the month of today; its revisions go on.
const PUT_EVENTS = `
with changed as (
  select *, to_timestamp($2::float8 / 1000) as at,
    case when is_new then nextval('assay_monitoring_event_id') end as new_id,
    case action when 'resolve' then to_timestamp($2::float8 / 1000) end as ended_at
  from json_to_recordset($1::text::json) as found(
    ${COLUMN_TYPES.join(', ')}, action text, revision int, is_new boolean,
    source text, began_ms float8, ending text
  )
), keyed as (
  update assay_finding_keys as kept
  set event_id = coalesce(changed.new_id, kept.event_id),
    detected_at = case when is_new then at else kept.detected_at end, action = changed.action,
    revision = changed.revision + case when is_new then kept.revision else 0 end,
    source = changed.source, began_ms = changed.began_ms, ended_at = changed.ended_at,
    ending = changed.ending
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
  resolved_by = null, resolved_at = excluded.resolved_at,
  updated_at = excluded.updated_at`
