export {
  type CreateLedgerRepository,
  ledgerRepositoryContract,
  type LedgerRepositoryContractCase,
  type LedgerRows,
} from './ledger-repository-contract.ts'
