import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { migrate } from '@assay/core'
import { fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { describePostgres } from '@assay/test-servers'
import { beforeEach, expect, onTestFinished, test } from 'vitest'

import type { LedgerTransaction } from '../../ledger/ledger-entry.ts'
import { parseLedgerTransaction } from '../../ledger/ledger-entry.ts'
import { migrations } from '../migrations.ts'
import { createPostgresLedgerRepository } from '../postgres-ledger-repository.ts'

const LEASE_MS = 30_000
const opensAt = 1_749_895_200_000
const cards = 24

/**
 * What a process of its own runs: a monitor that does a cycle at the moment that a line says. Asked to
 * `stop`, it waits in its next commit of findings, before or after the store has done it, to be killed.
 */
const cycleOnDemand = `
  import { createInterface } from 'node:readline'
  import { fromPgPool } from '@assay/core/postgres'
  import { createTestClock } from '@assay/core/testing'
  import { createMonitor } from '@assay/detectors'
  import { createPostgresEventSource, createPostgresMonitorStore } from '@assay/detectors/postgres'
  import pg from 'pg'

  const [url, owner] = process.argv.slice(1)
  const client = fromPgPool(new pg.Pool({ connectionString: url }))
  const clock = createTestClock()
  const store = createPostgresMonitorStore(client)
  let stop
  const wait = async (where) => {
    console.log('stopped ' + where)
    await new Promise(() => {})
  }
  const monitor = createMonitor({
    sources: [createPostgresEventSource(client)],
    store: {
      ...store,
      async commit(page) {
        if (stop === 'before' && page.findings.length > 0) await wait('before')
        const outcome = await store.commit(page)
        if (stop === 'after' && page.findings.length > 0) await wait('after')
        return outcome
      },
    },
    clock,
    owner,
    leaseMs: ${LEASE_MS},
    batchSize: 5,
  })
  for await (const line of createInterface({ input: process.stdin })) {
    const [now, where] = line.split(' ')
    stop = where
    await clock.advance(Number(now) - clock.now())
    monitor.cycle().then(
      () => console.log('done'),
      (error) => console.log('failed ' + error.message),
    )
  }
`

interface MonitorProcess {
  /** Does a cycle, or stops in it, and says which. */
  cycle(now: number, stop?: 'before' | 'after'): Promise<string>
  kill(): Promise<void>
}

function startMonitor(url: string, owner: string): MonitorProcess {
  const flags = ['--conditions=@assay/source', '--input-type=module', '--eval', cycleOnDemand, '--']
  const child = spawn(process.execPath, [...flags, url, owner], {
    cwd: import.meta.dirname,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const monitor: MonitorProcess = {
    async cycle(now, stop) {
      child.stdin.write(`${now} ${stop ?? ''}\n`)
      const { value, done } = await lines.next()
      if (done === true) throw new Error('The process has ended.')
      return value
    },
    async kill() {
      child.kill('SIGKILL')
      await closed
    },
  }
  onTestFinished(() => monitor.kill())
  return monitor
}

/** One charged failure on each card, and a payment before it. */
function paymentsOf(round: number): LedgerTransaction[] {
  return Array.from({ length: cards }, (_, card) => card).flatMap((card) =>
    (['completed', 'failed'] as const).map((status, index) => {
      const before = 10_000n - BigInt(round * 2 + index) * 100n
      const parsed = parseLedgerTransaction({
        transactionId: `tx-${round}-${index}`,
        accountId: `card-${card}`,
        status,
        amountMinor: -100n,
        balanceBeforeMinor: before,
        balanceAfterMinor: before - 100n,
        currency: 'EUR',
        eventTime: opensAt + round * 3_600_000 + index * 60_000,
      })
      if (!parsed.ok) throw new Error(parsed.reason)
      return parsed.row
    }),
  )
}

describePostgres('monitors in processes of their own', (database) => {
  const client = () => fromPgPool(database().pool)

  beforeEach(async () => {
    await client().query('drop schema public cascade')
    await client().query('create schema public')
    await migrate(client(), [...coreMigrations, ...migrations])
  })

  /** Waits for the transactions of other tests on this server, which hold back what was written since. */
  async function seesAll(): Promise<void> {
    for (let look = 0; look < 1_000; look += 1) {
      const { rows } = await client().query(`
        select from assay_ledger_transactions
        where xid >= pg_snapshot_xmin(pg_current_snapshot()) limit 1`)
      if (rows.length === 0) return
      await client().query('select pg_sleep(0.02)')
    }
    throw new Error('Another transaction on this server has stayed open.')
  }

  async function chargesOf(round: number): Promise<string[]> {
    const { rows } = await client().query(
      `select fingerprint from monitoring_events
       where fingerprint like 'transactions.charged-on-failure:%' order by 1`,
    )
    const all = rows.map(({ fingerprint }) => String(fingerprint))
    return all.filter((fingerprint) => fingerprint.endsWith(`:tx-${round}-1`))
  }

  test.each(['before', 'after'] as const)(
    'lose and repeat nothing when one is killed %s a commit',
    async (where) => {
      const ledger = createPostgresLedgerRepository(client())
      const [dying, heir] = [
        startMonitor(database().url, 'dying'),
        startMonitor(database().url, 'heir'),
      ]
      let now = opensAt + 600_000
      // Both have a share before anything happens.
      for (const monitor of [dying, heir, dying, heir])
        expect(await monitor.cycle(now)).toBe('done')

      await ledger.addTransactions(paymentsOf(0))
      await seesAll()
      expect(await dying.cycle(now, where)).toBe(`stopped ${where}`)
      await dying.kill()
      expect(await heir.cycle(now)).toBe('done')
      const soFar = await chargesOf(0)
      expect(soFar.length).toBeGreaterThan(0)
      expect(soFar.length).toBeLessThan(cards)

      now += LEASE_MS + 1
      expect(await heir.cycle(now)).toBe('done')
      expect(await chargesOf(0)).toHaveLength(cards)

      await ledger.addTransactions(paymentsOf(1))
      await seesAll()
      now += 3_600_000
      expect(await heir.cycle(now)).toBe('done')
      expect(await chargesOf(1)).toHaveLength(cards)
      expect(await chargesOf(0)).toHaveLength(cards)
    },
  )
})
