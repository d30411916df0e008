export { migrations } from './migrations.ts'
export { createPostgresOracleCallStore } from './postgres-oracle-call-store.ts'
