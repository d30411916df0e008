import assert from 'node:assert/strict'

import type { JobLeaseStore } from '../scheduler/job-lease-store.ts'

/** One thing that every {@link JobLeaseStore} does. */
export interface JobLeaseStoreContractCase {
  readonly name: string
  /**
   * @param store an empty one, of this case's own
   * @throws AssertionError when the store does not do it
   */
  run(this: void, store: JobLeaseStore): Promise<void>
}

/**
 * What every implementation of `JobLeaseStore` does, as data: run each case with any test runner, on
 * an empty store.
 *
 * @example
 * ```ts
 * import { createMemoryJobLeaseStore } from '@assay/core'
 * import { jobLeaseStoreContract } from '@assay/core/testing'
 *
 * for (const { run } of jobLeaseStoreContract) {
 *   await run(createMemoryJobLeaseStore())
 * }
 * ```
 */
export const jobLeaseStoreContract: readonly JobLeaseStoreContractCase[] = [
  {
    name: 'lends a job that is free, and tells others who holds it until when',
    async run(store) {
      await take(store, { owner: 'a', now: T0 })
      const refusal = { taken: false, owner: 'a', until: T0 + LEASE_MS }
      assert.deepEqual(await store.take(request({ owner: 'b', now: T0 + 1 })), refusal)
    },
  },
  {
    name: 'refuses a lease that holds to its own holder too',
    async run(store) {
      await take(store, { owner: 'a', now: T0 })
      assert.equal((await store.take(request({ owner: 'a', now: T0 }))).taken, false)
    },
  },
  {
    name: 'lends it to another from the moment on at which it ends, with a greater token',
    async run(store) {
      const first = await take(store, { owner: 'a', now: T0 })
      const before = request({ owner: 'b', now: T0 + LEASE_MS - 1 })
      assert.equal((await store.take(before)).taken, false)
      const second = await take(store, { owner: 'b', now: T0 + LEASE_MS })
      assert.ok(second > first)
    },
  },
  {
    name: 'lends it for longer to its holder',
    async run(store) {
      const token = await take(store, { owner: 'a', now: T0 })
      assert.equal(await renew(store, { token, now: T0 + 600 }), true)
      const until = T0 + 600 + LEASE_MS
      const refused = await store.take(request({ owner: 'b', now: until - 1 }))
      assert.deepEqual(refused, { taken: false, owner: 'a', until })
      await take(store, { owner: 'b', now: until })
    },
  },
  {
    name: 'never shortens a lease by a renewal',
    async run(store) {
      const token = await take(store, { owner: 'a', now: T0 })
      const long = { job: JOB, token, now: T0, leaseMs: 100 * LEASE_MS }
      assert.equal(await store.renew(long), true)
      assert.equal(await renew(store, { token, now: T0 + 1 }), true)
      const refused = await store.take(request({ owner: 'b', now: T0 + 2 * LEASE_MS }))
      assert.deepEqual(refused, { taken: false, owner: 'a', until: T0 + 100 * LEASE_MS })
    },
  },
  {
    name: 'renews a lease whose time was up, if nobody took it',
    async run(store) {
      const token = await take(store, { owner: 'a', now: T0 })
      const late = T0 + 10 * LEASE_MS
      assert.equal(await renew(store, { token, now: late }), true)
      assert.equal((await store.take(request({ owner: 'b', now: late }))).taken, false)
    },
  },
  {
    name: 'renews nothing for whoever was followed by another, and leaves that one alone',
    async run(store) {
      const stale = await take(store, { owner: 'a', now: T0 })
      const token = await take(store, { owner: 'b', now: T0 + LEASE_MS })
      assert.equal(await renew(store, { token: stale, now: T0 + LEASE_MS + 500 }), false)
      await store.release({ job: JOB, token: stale })
      const until = T0 + 2 * LEASE_MS
      const refused = await store.take(request({ owner: 'c', now: until - 1 }))
      assert.deepEqual(refused, { taken: false, owner: 'b', until })
      assert.equal(await renew(store, { token, now: until }), true)
    },
  },
  {
    name: 'lends what was given back at once, and with a greater token',
    async run(store) {
      const first = await take(store, { owner: 'a', now: T0 })
      await store.release({ job: JOB, token: first })
      assert.equal(await renew(store, { token: first, now: T0 }), false)
      const second = await take(store, { owner: 'b', now: T0 })
      assert.ok(second > first)
    },
  },
  {
    name: 'gives back twice as once',
    async run(store) {
      const token = await take(store, { owner: 'a', now: T0 })
      await store.release({ job: JOB, token })
      await store.release({ job: JOB, token })
      await take(store, { owner: 'b', now: T0 })
    },
  },
  {
    name: 'neither renews nor gives back what was never lent',
    async run(store) {
      assert.equal(await renew(store, { token: 1n, now: T0 }), false)
      await store.release({ job: JOB, token: 1n })
      await take(store, { owner: 'a', now: T0 })
    },
  },
  {
    name: 'keeps jobs apart, whatever their names are',
    async run(store) {
      const names = ["it's", 'Settle', 'settle ', 'zinś–✓', '%', 'x'.repeat(255)]
      for (const job of names) {
        await take(store, { job, owner: job, now: T0 })
      }
      for (const job of names) {
        const refused = await store.take(request({ job, owner: 'b', now: T0 }))
        assert.deepEqual(refused, { taken: false, owner: job, until: T0 + LEASE_MS })
      }
    },
  },
  {
    name: 'lends a job to one of many that ask at once',
    async run(store) {
      let last = 0n
      for (let round = 0; round < 5; round += 1) {
        const now = T0 + round * LEASE_MS
        const answers = await Promise.all(
          Array.from({ length: 12 }, (_, n) => store.take(request({ owner: `${n}`, now }))),
        )
        const tokens = answers.flatMap((answer) => (answer.taken ? [answer.token] : []))
        assert.equal(tokens.length, 1)
        const [token = 0n] = tokens
        assert.ok(token > last)
        last = token
      }
    },
  },
]

const JOB = 'settle'
const T0 = 1_777_627_800_000
const LEASE_MS = 1_000

interface Asker {
  readonly job?: string
  readonly owner: string
  readonly now: number
}

function request({ job = JOB, owner, now }: Asker): Parameters<JobLeaseStore['take']>[0] {
  return { job, owner, now, leaseMs: LEASE_MS }
}

async function take(store: JobLeaseStore, asker: Asker): Promise<bigint> {
  const answer = await store.take(request(asker))
  assert.ok(answer.taken)
  return answer.token
}

function renew(
  store: JobLeaseStore,
  { token, now }: { readonly token: bigint; readonly now: number },
): Promise<boolean> {
  return store.renew({ job: JOB, token, now, leaseMs: LEASE_MS })
}
