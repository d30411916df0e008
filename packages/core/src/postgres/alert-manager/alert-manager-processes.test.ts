import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { describePostgres } from '@assay/test-servers'
import { beforeEach, expect, onTestFinished, test } from 'vitest'

import type { AlertManager } from '../../alert-manager/alert-manager.ts'
import { createAlertManager } from '../../alert-manager/create-alert-manager.ts'
import { migrate } from '../../sql/migrate.ts'
import { createRecordingChannel } from '../../testing/recording-channel.ts'
import { createTestClock, type TestClock } from '../../testing/test-clock.ts'
import { fromPgPool } from '../from-pg-pool.ts'
import { migrations } from '../migrations.ts'
import { createPostgresAlertManagerStore } from './postgres-alert-manager-store.ts'

const GROUP_INTERVAL_MS = 200

const shared = {
  route: {
    receiver: 'team',
    groupBy: ['market'],
    groupWaitMs: 0,
    groupIntervalMs: GROUP_INTERVAL_MS,
  },
}

/** Three to each of 30 markets. */
const alerts = Array.from({ length: 90 }, (_, n) => ({
  name: 'Stuck',
  severity: 'high' as const,
  labels: { market: `m${n % 30}`, n: `${n}` },
  summary: 'It is stuck.',
  startsAt: 0,
  source: 'test',
}))

/**
 * What a process of its own runs. A line is the moment of a tick, or `go`, without which the tick
 * waits in its first delivery. It writes a line for each notification, and `ticked` after each tick.
 */
const tellOnDemand = `
  import { createInterface } from 'node:readline'
  import { createAlertManager } from '@assay/core'
  import { createPostgresAlertManagerStore, fromPgPool } from '@assay/core/postgres'
  import { createTestClock } from '@assay/core/testing'
  import pg from 'pg'

  const [url, policy, leaseMs] = process.argv.slice(1)
  const pool = new pg.Pool({ connectionString: url })
  const clock = createTestClock()
  let going
  const deliver = async ({ reason, groupLabels }) => {
    console.log(reason, groupLabels.market)
    await going.promise
  }
  const manager = createAlertManager({
    policy: JSON.parse(policy),
    channels: { team: { kind: 'test', deliver } },
    store: createPostgresAlertManagerStore(fromPgPool(pool)),
    clock,
    leaseMs: Number(leaseMs),
    deliveryTimeoutMs: 1_000,
    concurrency: 1,
  })
  const tick = async (now) => {
    going = Promise.withResolvers()
    await clock.advance(now - clock.now())
    await manager.tick()
    console.log('ticked')
  }
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'go') going.resolve()
    else void tick(Number(line))
  }
  await pool.end()
`

const LEASE_MS = 2_000

/** A manager in a process of its own. It does nothing but what it is told to. */
interface Teller {
  /** Begins a tick at this moment, and resolves to the first notification, which then waits. */
  begin(now: number): Promise<string>
  /** Delivers what waits, and resolves to the further notifications of the tick. */
  finish(): Promise<string[]>
  kill(): Promise<void>
}

function startTeller(url: string): Teller {
  const flags = ['--conditions=@assay/source', '--input-type=module', '--eval', tellOnDemand, '--']
  const child = spawn(process.execPath, [...flags, url, JSON.stringify(shared), `${LEASE_MS}`], {
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
  const teller: Teller = {
    begin(now) {
      child.stdin.write(`${now}\n`)
      return readLine()
    },
    async finish() {
      child.stdin.write('go\n')
      const told: string[] = []
      for (;;) {
        const line = await readLine()
        if (line === 'ticked') return told
        told.push(line)
      }
    },
    async kill() {
      child.kill('SIGKILL')
      await closed
    },
  }
  onTestFinished(() => teller.kill())
  return teller
}

describePostgres('alert managers in processes of their own', (database) => {
  const client = () => fromPgPool(database().pool)
  const teller = () => startTeller(database().url)
  const everyGroup = (reason: string): string[] =>
    Array.from({ length: 30 }, (_, n) => `${reason} m${n}`)
  let clock: TestClock
  /** What fires and resolves here goes to the store in one go. */
  let source: AlertManager

  beforeEach(async () => {
    await client().query('drop schema public cascade')
    await client().query('create schema public')
    await migrate(client(), migrations)
    clock = createTestClock()
    source = createAlertManager({
      policy: shared,
      channels: { team: createRecordingChannel() },
      store: createPostgresAlertManagerStore(client()),
      clock,
    })
  })

  test('send each notification once between them', async () => {
    const tellers = [teller(), teller()]
    // Each waits in its first delivery until the other is in its own: they do work side by side.
    const tickTogether = async (): Promise<string[]> => {
      const first = await Promise.all(tellers.map((each) => each.begin(clock.now())))
      const others = await Promise.all(tellers.map((each) => each.finish()))
      return [...first, ...others.flat()]
    }

    await Promise.all(alerts.map((alert) => source.fire(alert)))
    expect((await tickTogether()).toSorted()).toEqual(everyGroup('firing').toSorted())

    await Promise.all(alerts.map((alert) => source.resolve(alert)))
    await clock.advance(GROUP_INTERVAL_MS)
    expect((await tickTogether()).toSorted()).toEqual(everyGroup('resolved').toSorted())
    expect(await source.alerts()).toEqual([])
  })

  test('repeat what one sent before it was killed, and lose nothing', async () => {
    const [dying, heir] = [teller(), teller()]
    const tickHeir = async (): Promise<string[]> => [
      await heir.begin(clock.now()),
      ...(await heir.finish()),
    ]

    await Promise.all(alerts.map((alert) => source.fire(alert)))
    const toldByTheDead = await dying.begin(clock.now())
    await dying.kill()
    const toldBeside = everyGroup('firing').filter((line) => line !== toldByTheDead)
    expect((await tickHeir()).toSorted()).toEqual(toldBeside.toSorted())

    await clock.advance(LEASE_MS)
    expect(await tickHeir()).toEqual([toldByTheDead])

    await Promise.all(alerts.map((alert) => source.resolve(alert)))
    await clock.advance(GROUP_INTERVAL_MS)
    expect((await tickHeir()).toSorted()).toEqual(everyGroup('resolved').toSorted())
    expect(await source.alerts()).toEqual([])
  })
})
