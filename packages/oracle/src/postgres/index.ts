export { migrations } from './migrations.ts'
export { createPostgresPositionCursorStore } from './postgres-position-cursor-store.ts'
export { createPostgresOracleCallStore } from './postgres-oracle-call-store.ts'
