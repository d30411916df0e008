import type { SqlExecutor } from '@assay/core'
import { z } from 'zod'

import type { LeaseRequest, PartitionLease } from '../../monitor/monitor-store.ts'
import { isHeldBy, sharePartitions } from '../../monitor/share-partitions.ts'

/**
 * Renews, gives back and takes partitions of a pass. Its partitions are locked first, so that monitors
 * that ask at the same time take turns, and none asks while a page of it is committed.
 */
export async function leasePartitions(
  tx: SqlExecutor,
  request: LeaseRequest,
): Promise<readonly PartitionLease[]> {
  const { pass, version, owner, now } = request
  const all = await lockPartitions(tx, request)
  const ownerCount = await countOwners(tx, request)
  const shared = sharePartitions(all, request, ownerCount)
  const changed = shared.filter((partition, index) => partition !== all[index])
  if (changed.length > 0) await tx.query(SAVE_HOLDERS, [pass, JSON.stringify(changed)])
  return shared
    .filter((partition) => isHeldBy(partition, owner, now) && partition.version <= version)
    .map(({ partition, token }) => ({ pass, partition, owner, token }))
}

/** Gives partitions of a monitor back: those of one pass, or all. */
export async function releasePartitions(
  tx: SqlExecutor,
  owner: string,
  pass?: string,
): Promise<void> {
  await tx.query(FREE_PARTITIONS, [owner, pass ?? null])
  await tx.query(FORGET_OWNER, [owner, pass ?? null])
}

const partitionSchema = z.object({
  partition: z.int(),
  version: z.int(),
  owner: z.string().nullable(),
  token: z.number(),
  leaseUntil: z.number(),
})

type LockedPartition = z.output<typeof partitionSchema>

async function lockPartitions(
  tx: SqlExecutor,
  { pass, version, partitions, now }: LeaseRequest,
): Promise<readonly LockedPartition[]> {
  const lock = async (): Promise<readonly LockedPartition[]> => {
    const { rows } = await tx.query(LOCK_PARTITIONS, [pass, partitions])
    return z.array(partitionSchema).parse(rows)
  }
  let all = await lock()
  if (all.length < partitions) {
    await tx.query(ADD_PARTITIONS, [pass, partitions, version, now])
    all = await lock()
  }
  if (all.every((partition) => partition.version >= version)) return all

  await tx.query(BEGIN_ANEW, [pass, partitions, version])
  return lock()
}

async function countOwners(
  tx: SqlExecutor,
  { pass, owner, version, now, leaseMs }: LeaseRequest,
): Promise<number> {
  await tx.query(SEE_OWNER, [pass, owner, version, now])
  await tx.query('delete from assay_monitor_owners where pass = $1 and seen_at <= $2', [
    pass,
    now - leaseMs,
  ])
  // An older release gets no partitions, so it has no share either.
  const { rows } = await tx.query(COUNT_OWNERS, [pass, version])
  return z.int().min(1).parse(rows[0]?.['owners'])
}

const LOCK_PARTITIONS = `
select partition, version, owner, token::float8, lease_until as "leaseUntil"
from assay_monitor_partitions where pass = $1 and partition < $2::int
order by partition for update`

const ADD_PARTITIONS = `
insert into assay_monitor_partitions (pass, partition, version, began_at)
select $1, partition, $3::int, $4::float8 from generate_series(0, $2::int - 1) as partition
on conflict do nothing`

const BEGIN_ANEW = `
with outdated as (
  update assay_monitor_partitions
  set version = $3::int, cursor = null, watermark = null, owner = null, token = token + 1
  where pass = $1 and partition < $2::int and version < $3::int
  returning id
)
delete from assay_monitor_states using outdated where partition_id = outdated.id`

const SEE_OWNER = `
insert into assay_monitor_owners (pass, owner, version, seen_at) values ($1, $2, $3, $4)
on conflict (pass, owner) do update set version = excluded.version, seen_at = excluded.seen_at`

const COUNT_OWNERS = `
select count(*)::int as owners from assay_monitor_owners where pass = $1 and version >= $2`

const SAVE_HOLDERS = `
update assay_monitor_partitions as kept
set owner = held.owner, token = held.token, lease_until = held."leaseUntil"
from json_to_recordset($2::text::json) as held(
  partition int, owner text, token bigint, "leaseUntil" float8
)
where kept.pass = $1 and kept.partition = held.partition`

const FREE_PARTITIONS = `
with held as (
  select pass, partition from assay_monitor_partitions
  where owner = $1 and pass = coalesce($2::text, pass)
  order by pass, partition for update
)
update assay_monitor_partitions as kept set owner = null
from held where kept.pass = held.pass and kept.partition = held.partition`

const FORGET_OWNER = `
delete from assay_monitor_owners where owner = $1 and pass = coalesce($2::text, pass)`
