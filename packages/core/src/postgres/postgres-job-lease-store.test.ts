import { describeEachDatabase, describePostgres } from '@assay/test-servers'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { isAssayError } from '../errors/assay-error.ts'
import { migrate } from '../sql/migrate.ts'
import { jobLeaseStoreContract } from '../testing/job-lease-store-contract.ts'
import { fromPgPool } from './from-pg-pool.ts'
import { fromPglite } from './from-pglite.ts'
import { migrations } from './migrations.ts'
import { createPostgresJobLeaseStore } from './postgres-job-lease-store.ts'

describeEachDatabase('the lease store', { fromPglite, fromPgPool }, (client) => {
  beforeAll(() => migrate(client(), migrations))

  test.each(jobLeaseStoreContract)('contract: $name', async ({ name, run }) => {
    const store = createPostgresJobLeaseStore(client(), { scope: name })
    await expect(run(store)).resolves.toBeUndefined()
  })

  test('keeps jobs of one name in two scopes apart', async () => {
    const request = { job: 'settle', owner: 'a', now: 0, leaseMs: 1_000 }
    for (const scope of ['payouts', 'payins']) {
      const store = createPostgresJobLeaseStore(client(), { scope })
      expect(await store.take(request)).toMatchObject({ taken: true })
    }
  })

  test('gives a greater token also after a row was deleted by hand', async () => {
    const store = createPostgresJobLeaseStore(client(), { scope: 'deleted' })
    const request = { job: 'settle', owner: 'a', now: 0, leaseMs: 1_000 }
    const first = await store.take(request)
    await client().query("delete from assay_job_leases where scope = 'deleted'")
    const second = await store.take(request)
    expect(first.taken && second.taken && second.token > first.token).toBe(true)
  })
})

describePostgres('the lease store of a host that isolates strictly', (database) => {
  beforeAll(() => migrate(fromPgPool(database().pool), migrations))

  describe.each(['read committed', 'repeatable read', 'serializable'])('%s', (level) => {
    let pool: pg.Pool
    beforeAll(() => {
      const options = `-c default_transaction_isolation=${level.replace(' ', '\\ ')}`
      pool = new pg.Pool({ connectionString: database().url, options, max: 12 })
    })
    afterAll(() => pool.end())

    test.each(jobLeaseStoreContract)('contract: $name', async ({ name, run }) => {
      const store = createPostgresJobLeaseStore(fromPgPool(pool), { scope: `${level} ${name}` })
      await expect(run(store)).resolves.toBeUndefined()
    })
  })
})

describePostgres('the lease store of a writer', (database) => {
  test('needs no more than the role assay_writer', async () => {
    const owner = fromPgPool(database().pool)
    await migrate(owner, migrations)
    const options = '-c role=assay_writer'
    const pool = new pg.Pool({ connectionString: database().url, options, max: 1 })
    const store = createPostgresJobLeaseStore(fromPgPool(pool))
    const request = { job: 'settle', owner: 'a', now: 0, leaseMs: 1_000 }
    try {
      const lease = await store.take(request)
      expect(lease).toMatchObject({ taken: true })
      if (lease.taken) await store.release({ job: 'settle', token: lease.token })
      expect(await store.take(request)).toMatchObject({ taken: true })
    } finally {
      await pool.end()
    }
  })
})

test.each([
  ['token', { token: 1 }],
  ['owner, held_until', { owner: null, held_until: 'now' }],
])('refuses a row that it cannot have written, and names its columns: %s', async (columns, row) => {
  let asked = 0
  const isRefusal = !('token' in row)
  const store = createPostgresJobLeaseStore({
    async query() {
      asked += 1
      return isRefusal && asked === 1 ? { rows: [], rowCount: 0 } : { rows: [row], rowCount: 1 }
    },
  })
  const request = { job: 'settle', owner: 'a', now: 0, leaseMs: 1_000 }
  const error: unknown = await store.take(request).catch((caught: unknown) => caught)
  expect(isAssayError(error, 'JOB_LEASE_ROW_INVALID')).toBe(true)
  expect(error).toMatchObject({ context: { columns } })
})

test('says that a job may be free now when it was given back between the question and the look', async () => {
  const store = createPostgresJobLeaseStore({ query: async () => ({ rows: [], rowCount: 0 }) })
  const answer = await store.take({ job: 'settle', owner: 'a', now: 7, leaseMs: 1_000 })
  expect(answer).toEqual({ taken: false, owner: '', until: 7 })
})

test.each(['40001', '40P01'])('gives up when every answer is SQLSTATE %s', async (code) => {
  let queries = 0
  const store = createPostgresJobLeaseStore({
    query() {
      queries += 1
      return Promise.reject(Object.assign(new Error('lost a race'), { code }))
    },
  })
  await expect(store.release({ job: 'settle', token: 1n })).rejects.toMatchObject({ code })
  expect(queries).toBe(32)
})
