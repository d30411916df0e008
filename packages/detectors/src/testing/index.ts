export {
  type CreateEventSource,
  eventSourceContract,
  type EventSourceContractCase,
  type EventSourceUnderTest,
} from './event-source-contract.ts'
export {
  createFestivalDay,
  type FestivalDay,
  type FestivalDayOptions,
  type FestivalTransaction,
} from './festival-day.ts'
export {
  type CreateLedgerRepository,
  ledgerRepositoryContract,
  type LedgerRepositoryContractCase,
  type LedgerRows,
} from './ledger-repository-contract.ts'
export {
  type CreateMonitorStore,
  monitorStoreContract,
  type MonitorStoreContractCase,
  type MonitorStoreUnderTest,
} from './monitor-store-contract.ts'
export { compareWithPlanted, type PlantedComparison, type PlantedFault } from './planted-fault.ts'
export {
  type CreateScanRepository,
  scanRepositoryContract,
  type ScanRepositoryContractCase,
} from './scan-repository-contract.ts'
