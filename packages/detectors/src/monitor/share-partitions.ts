import type { LeaseRequest } from './monitor-store.ts'

/** A partition and who holds it. */
export interface HeldPartition {
  readonly partition: number
  /** Of the detector that works on it. */
  readonly version: number
  readonly owner: string | null
  readonly token: number
  readonly leaseUntil: number
}

/**
 * Who holds which partition once a monitor has asked: it keeps its own, gives back those beyond its
 * share, and takes free ones up to it. A partition of a newer version of the detector is not for it.
 * The same in every store.
 *
 * @param all every partition of the pass, of the version that is asked for or a newer one
 * @param request who asks
 * @param ownerCount how many monitors of that version share the pass, the one that asks included
 * @returns all of them; those that did not change are the same objects
 */
export function sharePartitions<Partition extends HeldPartition>(
  all: readonly Partition[],
  { owner, version, partitions, now, leaseMs }: LeaseRequest,
  ownerCount: number,
): readonly Partition[] {
  const share = Math.ceil(partitions / ownerCount)
  const leaseUntil = now + leaseMs
  let held = 0

  function keep(partition: Partition): Partition {
    if (!isHeldBy(partition, owner, now) || partition.version > version) return partition
    if (held >= share) return { ...partition, owner: null }
    held += 1
    return { ...partition, leaseUntil }
  }

  function take(partition: Partition): Partition {
    const isTaken = partition.owner !== null && partition.leaseUntil > now
    if (isTaken || held >= share || partition.version > version) return partition
    held += 1
    return { ...partition, owner, token: partition.token + 1, leaseUntil }
  }

  // First all of its own, so that it takes none while it gives another one back.
  return all.map(keep).map(take)
}

/** Whether a monitor may work on a partition. */
export function isHeldBy(partition: HeldPartition, owner: string, now: number): boolean {
  return partition.owner === owner && partition.leaseUntil > now
}
