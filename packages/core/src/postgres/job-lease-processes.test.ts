import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { describePostgres } from '@assay/test-servers'
import { beforeEach, expect, onTestFinished, test } from 'vitest'

import { migrate } from '../sql/migrate.ts'
import { fromPgPool } from './from-pg-pool.ts'
import { migrations } from './migrations.ts'

const INTERVAL_MS = 60_000
const LEASE_MS = 3_000

/**
 * What a process of its own runs: a scheduler with one job, which is started at the moment that the
 * first line gives, and whose clock stands still until the next one. It writes `run` with the token
 * when a run begins, which ends at the line `go`, and `done` when it is over; `renewed` when the lease
 * was; `standby` when it is another's; and `closed` after the line `close`. A run writes into a table
 * that refuses tokens smaller than it has seen, and says `fenced` where it was refused.
 */
const scheduleOnDemand = `
  import { createInterface } from 'node:readline'
  import { createScheduler } from '@assay/core'
  import { createPostgresJobLeaseStore, fromPgPool } from '@assay/core/postgres'
  import { createTestClock } from '@assay/core/testing'
  import pg from 'pg'

  const [url, owner, intervalMs, leaseMs] = process.argv.slice(1)
  const pool = new pg.Pool({ connectionString: url })
  const clock = createTestClock()
  const logger = {
    debug: (facts) => console.log(facts.reason),
    info() {},
    warn: (facts) => console.log(facts.reason),
    error: (facts) => console.log(facts.reason),
  }
  const store = createPostgresJobLeaseStore(fromPgPool(pool))
  const renew = async (renewal) => {
    const isRenewed = await store.renew(renewal)
    if (isRenewed) console.log('renewed')
    return isRenewed
  }
  let going
  const settle = async ({ token }) => {
    going = Promise.withResolvers()
    console.log('run ' + token)
    await going.promise
    const write = 'update settled set token = $1, owner = $2, runs = runs + 1 where token <= $1'
    const { rowCount } = await pool.query(write, [String(token), owner])
    console.log(rowCount === 1 ? 'done' : 'fenced')
  }
  const scheduler = createScheduler({
    jobs: [
      {
        name: 'settle',
        intervalMs: Number(intervalMs),
        lease: { leaseMs: Number(leaseMs) },
        run: settle,
      },
    ],
    leases: { ...store, renew },
    owner,
    clock,
    logger,
  })
  const moveTo = async (now) => {
    await clock.advance(now - clock.now())
    scheduler.start()
    await clock.advance(0)
  }
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'go') going.resolve()
    else if (line === 'close') void scheduler.close().then(() => console.log('closed'))
    else void moveTo(Number(line))
  }
  await pool.end()
`

/** A process that does nothing but what it is told to. */
interface Worker {
  /** Sends a line, and resolves to the next line that it writes. */
  tell(line: number | 'go' | 'close'): Promise<string>
  readLine(): Promise<string>
  kill(): Promise<void>
}

function startWorker(url: string, owner: string): Worker {
  const flags = ['--conditions=@assay/source', '--input-type=module', '--eval', scheduleOnDemand]
  const options = [url, owner, `${INTERVAL_MS}`, `${LEASE_MS}`]
  const child = spawn(process.execPath, [...flags, '--', ...options], {
    cwd: import.meta.dirname,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const readLine = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('The process has ended.')
    return value
  }
  const worker: Worker = {
    tell(line) {
      child.stdin.write(`${line}\n`)
      return readLine()
    },
    readLine,
    async kill() {
      child.kill('SIGKILL')
      await closed
    },
  }
  onTestFinished(() => worker.kill())
  return worker
}

describePostgres('schedulers in processes of their own', (database) => {
  const worker = (owner: string) => startWorker(database().url, owner)
  const settled = async () => {
    const { rows } = await database().pool.query('select token, owner, runs from settled')
    return rows[0] as { token: string; owner: string; runs: number }
  }

  beforeEach(async () => {
    const client = fromPgPool(database().pool)
    await client.query('drop schema public cascade')
    await client.query('create schema public')
    await migrate(client, migrations)
    await client.query('create table settled (token bigint, owner text, runs int)')
    await client.query("insert into settled values (0, '', 0)")
  })

  test('run a job in one of them, whoever asks first', async () => {
    const workers = Array.from({ length: 3 }, (_, n) => worker(`${n}`))
    const answers = await Promise.all(workers.map((each) => each.tell(0)))
    const leader = workers.find((_, n) => answers[n]?.startsWith('run '))
    expect(answers.filter((answer) => answer === 'standby')).toHaveLength(2)
    expect(await leader?.tell('go')).toBe('done')
    expect(await settled()).toMatchObject({ runs: 1 })
  })

  test('take a job over from one that was killed while it ran', async () => {
    const [dying, heir] = [worker('dying'), worker('heir')]
    expect(await dying.tell(0)).toBe('run 1')
    expect(await heir.tell(0)).toBe('standby')
    await dying.kill()
    expect(await heir.tell(LEASE_MS)).toMatch(/^run \d+$/)
    expect(await heir.tell('go')).toBe('done')
    expect(await settled()).toMatchObject({ owner: 'heir', runs: 1 })
  })

  test('take a job over from one that was killed between two runs, when it fails to begin', async () => {
    const [dying, heir] = [worker('dying'), worker('heir')]
    expect(await dying.tell(0)).toBe('run 1')
    expect([await dying.tell('go'), await dying.readLine()]).toEqual(['done', 'renewed'])
    expect([await dying.tell(INTERVAL_MS), await dying.readLine()]).toEqual(['renewed', 'run 1'])
    expect([await dying.tell('go'), await dying.readLine()]).toEqual(['done', 'renewed'])
    await dying.kill()
    expect(await heir.tell(2 * INTERVAL_MS)).toBe('standby')
    expect(await heir.tell(2 * INTERVAL_MS + LEASE_MS)).toMatch(/^run \d+$/)
    expect(await heir.tell('go')).toBe('done')
    expect(await settled()).toMatchObject({ owner: 'heir', runs: 3 })
  })

  test('fence off one that stood still and woke after another had taken over', async () => {
    const [sleeper, heir] = [worker('sleeper'), worker('heir')]
    expect(await sleeper.tell(0)).toBe('run 1')
    expect(await heir.tell(0)).toBe('standby')
    // Its clock stands still, so that it neither renews its lease nor knows that it has ended.
    expect(await heir.tell(LEASE_MS)).toMatch(/^run \d+$/)
    expect(await heir.tell('go')).toBe('done')
    expect(await sleeper.tell('go')).toBe('fenced')
    expect(await settled()).toMatchObject({ owner: 'heir', runs: 1 })
  })

  test('hand a job over by closing', async () => {
    const [leaving, heir] = [worker('leaving'), worker('heir')]
    expect(await leaving.tell(0)).toBe('run 1')
    expect([await leaving.tell('go'), await leaving.readLine()]).toEqual(['done', 'renewed'])
    expect(await leaving.tell('close')).toBe('closed')
    expect(await heir.tell(0)).toMatch(/^run \d+$/)
  })
})
