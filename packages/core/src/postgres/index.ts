export { fromPgPool, type PgPool } from './from-pg-pool.ts'
export { fromPglite, type Pglite } from './from-pglite.ts'
export { fromPostgres, type Postgres } from './from-postgres.ts'
export { migrations } from './migrations.ts'
export {
  createPostgresAlertDeduplicatorStore,
  type PostgresAlertDeduplicatorStoreOptions,
} from './postgres-alert-deduplicator-store.ts'
export {
  createPostgresAlertManagerStore,
  type PostgresAlertManagerStoreOptions,
} from './alert-manager/postgres-alert-manager-store.ts'
export {
  createPostgresJobLeaseStore,
  type PostgresJobLeaseStoreOptions,
} from './postgres-job-lease-store.ts'
export { createPostgresTransactionStore } from './transactions/postgres-transaction-store.ts'
