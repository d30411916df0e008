export {
  listenOnPgPool,
  type ListenOnPgPoolOptions,
  type PgListener,
  type PgListenerPool,
  type PgNotification,
} from './listen-on-pg-pool.ts'
export { migrations } from './migrations.ts'
export {
  createMonitoringMaintenance,
  maintainMonitoring,
  type MaintainMonitoringOptions,
  type MonitoringMaintenance,
  type MonitoringMaintenanceOptions,
  type MonitoringRetention,
} from './monitor/maintain-monitoring.ts'
export { createPostgresMonitorStore } from './monitor/postgres-monitor-store.ts'
export { createPostgresMonitoringRepository } from './monitor/postgres-monitoring-repository.ts'
export {
  createPostgresEventSource,
  type ListenToChannel,
  type PostgresEventSourceOptions,
} from './postgres-event-source.ts'
export {
  type AddedTransactions,
  createPostgresLedgerRepository,
  type PostgresLedgerRepository,
  type PostgresLedgerRepositoryOptions,
} from './postgres-ledger-repository.ts'
export {
  type AddedScans,
  createPostgresScanRepository,
  type PostgresScanRepository,
  type PostgresScanRepositoryOptions,
} from './postgres-scan-repository.ts'
