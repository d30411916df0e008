import type { JobLeaseStore } from './job-lease-store.ts'

interface StoredLease {
  readonly token: bigint
  readonly owner: string
  readonly until: number
}

/**
 * Keeps the leases of jobs in memory, for tests and for several schedulers in one process.
 *
 * @example
 * ```ts
 * import { createMemoryJobLeaseStore } from '@assay/core'
 *
 * const leases = createMemoryJobLeaseStore()
 * const ask = (owner: string) => leases.take({ job: 'settle', owner, now: 0, leaseMs: 30_000 })
 * console.log(await ask('a')) // { taken: true, token: 1n }
 * console.log(await ask('b')) // { taken: false, owner: 'a', until: 30000 }
 * ```
 */
export function createMemoryJobLeaseStore(): JobLeaseStore {
  const leases = new Map<string, StoredLease>()
  let lastToken = 0n

  return {
    async take({ job, owner, now, leaseMs }) {
      const held = leases.get(job)
      if (held !== undefined && held.until > now) {
        return { taken: false, owner: held.owner, until: held.until }
      }
      lastToken += 1n
      leases.set(job, { token: lastToken, owner, until: now + leaseMs })
      return { taken: true, token: lastToken }
    },
    async renew({ job, token, now, leaseMs }) {
      const held = leases.get(job)
      if (held?.token !== token) return false
      leases.set(job, { ...held, until: Math.max(held.until, now + leaseMs) })
      return true
    },
    async release({ job, token }) {
      if (leases.get(job)?.token === token) leases.delete(job)
    },
  }
}
