export type { AccuracyExample, LookalikeAccuracy, RuleAccuracy } from './accuracy/accuracy-tally.ts'
export {
  type AccuracyProgress,
  type AccuracyReport,
  measureAccuracy,
  type MeasureAccuracyOptions,
} from './accuracy/measure-accuracy.ts'
export { type ShareEstimate, wilsonInterval } from './accuracy/wilson-interval.ts'
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
export type { FestivalSimulationOptions } from './festival/festival-plan.ts'
export {
  createFestivalSimulation,
  type FestivalSimulation,
  type SimulatedDay,
} from './festival/festival-simulation.ts'
export {
  type FestivalOutage,
  type Lookalike,
  type LookalikeCause,
  SIMULATED_RULE_IDS,
  type SimulatedFault,
  type SimulatedRuleId,
  LOOKALIKES_WITHIN_BOUNDS,
} from './festival/festival-truth.ts'
export type { FestivalDelivery } from './festival/live-day.ts'
export type { SimulatedScan, SimulatedTransaction } from './festival/visit.ts'
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
export {
  type CreateMonitoringRepository,
  monitoringRepositoryContract,
  type MonitoringRepositoryContractCase,
  type MonitoringRepositoryUnderTest,
} from './monitoring-repository-contract.ts'
export { compareWithPlanted, type PlantedComparison, type PlantedFault } from './planted-fault.ts'
export {
  type CreateScanRepository,
  scanRepositoryContract,
  type ScanRepositoryContractCase,
} from './scan-repository-contract.ts'
