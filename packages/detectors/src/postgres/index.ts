export { migrations } from './migrations.ts'
export {
  type AddedTransactions,
  createPostgresLedgerRepository,
  type PostgresLedgerRepository,
  type PostgresLedgerRepositoryOptions,
} from './postgres-ledger-repository.ts'
