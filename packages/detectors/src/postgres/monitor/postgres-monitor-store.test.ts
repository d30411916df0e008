import { migrate, type SqlClient } from '@assay/core'
import { fromPglite, fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { describeEachDatabase } from '@assay/test-servers'
import { beforeAll, expect, test } from 'vitest'

import {
  type MonitorStoreUnderTest,
  monitorStoreContract,
} from '../../testing/monitor-store-contract.ts'
import { migrations } from '../migrations.ts'
import { createPostgresMonitorStore } from './postgres-monitor-store.ts'

describeEachDatabase('PostgreSQL monitor store', { fromPglite, fromPgPool }, (client) => {
  beforeAll(async () => {
    await migrate(client(), [...coreMigrations, ...migrations])
  })

  test.each(monitorStoreContract)('contract: $name', async ({ run }) => {
    await expect(run(() => createEmptyStore(client()))).resolves.toBeUndefined()
  })
})

async function createEmptyStore(client: SqlClient): Promise<MonitorStoreUnderTest> {
  await client.query(`truncate assay_monitor_partitions, assay_monitor_owners, assay_monitor_states,
    assay_monitor_set_aside, assay_finding_keys, monitoring_events`)
  return {
    store: createPostgresMonitorStore(client),
    async readSetAside() {
      const { rows } = await client.query(
        'select source, content as row, reason from assay_monitor_set_aside order by id',
      )
      return rows as never
    },
  }
}
