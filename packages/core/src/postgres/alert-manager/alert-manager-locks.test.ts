import { describePostgres } from '@assay/test-servers'
import { beforeAll, expect, test } from 'vitest'

import { createAlertGroupState } from '../../alert-manager/alert-group-state.ts'
import type { StoredAlertChange } from '../../alert-manager/stored-alert-change.ts'
import { migrate } from '../../sql/migrate.ts'
import type { SqlClient } from '../../sql/sql-client.ts'
import { fromPgPool } from '../from-pg-pool.ts'
import { migrations } from '../migrations.ts'
import { createPostgresAlertManagerStore } from './postgres-alert-manager-store.ts'

const limits = { alerts: 10, groups: 10 }
const receivers = new Set(['team'])

function fire(fingerprint: string, at: number): StoredAlertChange {
  return {
    kind: 'fire',
    fingerprint,
    alert: {
      name: 'Stuck',
      severity: 'high',
      labels: {},
      summary: 'It is stuck.',
      startsAt: 0,
      source: 'test',
    },
    at,
    expiresAt: null,
    inhibits: [],
    groups: [{ key: 'g', routeId: '0', receiver: 'team', labels: {}, groupWaitMs: 0 }],
    policySince: 0,
    isReserved: false,
  }
}

/** A client that stops inside a transaction, before a statement that begins with this text. */
function stopBefore(client: SqlClient, text: string) {
  const reached = Promise.withResolvers<void>()
  const going = Promise.withResolvers<void>()
  const stopping: SqlClient = {
    ...client,
    transaction: (work) =>
      client.transaction((tx) =>
        work({
          async query(statement, values) {
            if (statement.trimStart().startsWith(text)) {
              reached.resolve()
              await going.promise
            }
            return tx.query(statement, values)
          },
        }),
      ),
  }
  return { client: stopping, reached: reached.promise, goOn: going.resolve }
}

/** Resolves once some connection to this database waits for a lock, and rejects where none does. */
const LOCK_AWAITED = `
do $$
begin
  for attempt in 1..500 loop
    if exists (
      select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'
    ) then
      return;
    end if;
    perform pg_sleep(0.01);
    perform pg_stat_clear_snapshot();
  end loop;
  raise 'nobody waits for a lock';
end
$$`

describePostgres('the alert manager store, between two statements of a step,', (database) => {
  const client = () => fromPgPool(database().pool)
  /** Lets the other step run until it is done or waits for the one that has stopped. */
  const overtake = (step: Promise<unknown>) => Promise.race([step, client().query(LOCK_AWAITED)])

  beforeAll(() => migrate(client(), migrations))

  test('does not end a group that an alert is entering', async () => {
    const scope = 'entering'
    const store = createPostgresAlertManagerStore(client(), { scope })
    await store.put([fire('old', 1)], limits)
    await store.claimDue({ now: 1, leaseMs: 10, token: 'round', limit: 1, receivers })
    await store.put([{ kind: 'resolve', fingerprint: 'old', endsAt: 2 }], limits)

    const stopped = stopBefore(client(), 'insert into assay_alert_members')
    const entering = createPostgresAlertManagerStore(stopped.client, { scope }).put(
      [fire('new', 3)],
      limits,
    )
    await stopped.reached
    const state = createAlertGroupState(4)
    const unknown = { fingerprint: 'old', told: [], unsure: [] }
    const round = { key: 'g', token: 'round', state, nextAt: 4, tellings: [unknown], history: [] }
    const committing = store.commit(round)
    await overtake(committing)
    stopped.goOn()
    await entering
    expect(await committing).toBe(true)

    const { groups } = await store.claimDue({
      now: 4,
      leaseMs: 10,
      token: 'next',
      limit: 1,
      receivers,
    })
    expect(groups).toMatchObject([{ key: 'g', members: [{ stored: { fingerprint: 'new' } }] }])
    expect(await store.listAlerts(10)).toHaveLength(1)
  })

  test('does not lose that an alert has ended to news of it that came before', async () => {
    const scope = 'ending'
    const store = createPostgresAlertManagerStore(client(), { scope })
    await store.put([fire('a', 1)], limits)

    const stopped = stopBefore(client(), 'insert into assay_alerts')
    const updating = createPostgresAlertManagerStore(stopped.client, { scope }).put(
      [fire('a', 2)],
      limits,
    )
    await stopped.reached
    const ending = store.put([{ kind: 'resolve', fingerprint: 'a', endsAt: 3 }], limits)
    await overtake(ending)
    stopped.goOn()
    await Promise.all([updating, ending])

    expect(await store.listAlerts(10)).toMatchObject([{ fingerprint: 'a', endsAt: 3 }])
  })
})
