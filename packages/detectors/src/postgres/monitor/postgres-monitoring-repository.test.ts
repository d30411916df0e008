import { migrate } from '@assay/core'
import { fromPglite, fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { describeEachDatabase } from '@assay/test-servers'
import { beforeAll, expect, test } from 'vitest'

import { monitoringRepositoryContract } from '../../testing/monitoring-repository-contract.ts'
import { migrations } from '../migrations.ts'
import { maintainMonitoring } from './maintain-monitoring.ts'
import { createPostgresMonitorStore } from './postgres-monitor-store.ts'
import { createPostgresMonitoringRepository } from './postgres-monitoring-repository.ts'

describeEachDatabase('PostgreSQL monitoring repository', { fromPglite, fromPgPool }, (client) => {
  beforeAll(async () => {
    await migrate(client(), [...coreMigrations, ...migrations])
  })

  test.each(monitoringRepositoryContract)('contract: $name', async ({ run }) => {
    const result = run(async () => {
      await client().query(EMPTY_TABLES)
      await client().query(RESET_CLOCK)
      return {
        repository: createPostgresMonitoringRepository(client()),
        store: createPostgresMonitorStore(client()),
        refresh: async (now) => void (await maintainMonitoring(client(), { now })),
      }
    })
    await expect(result).resolves.toBeUndefined()
  })
})

const EMPTY_TABLES = `
truncate monitoring_events, assay_finding_keys, system_health_snapshots, assay_event_counts`

const RESET_CLOCK = `
update assay_dashboard_clock set refreshed_at = 'epoch', counted_until = 'epoch'`
