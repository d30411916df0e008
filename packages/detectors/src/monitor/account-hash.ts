/**
 * The partition of an account: the remainder of 32 bits of FNV-1a over its UTF-16 code units, low byte
 * first, so that every source and every monitor agrees. See http://www.isthe.com/chongo/tech/comp/fnv/.
 */
export function partitionOf(accountId: string, partitions: number): number {
  return accountHash(accountId) % partitions
}

/** The whole of which {@link partitionOf} takes the remainder, from 0 to 2³² − 1. */
export function accountHash(accountId: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < accountId.length; index += 1) {
    const unit = accountId.charCodeAt(index)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (unit >> 8), 0x01000193)
  }
  return hash >>> 0
}
