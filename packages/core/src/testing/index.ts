export {
  alertDeduplicatorStoreContract,
  type AlertDeduplicatorStoreContractCase,
} from './alert-deduplicator-store-contract.ts'
export {
  alertManagerStoreContract,
  type AlertManagerStoreContractCase,
} from './alert-manager-store-contract.ts'
export {
  CIRCUIT_BREAKER_CAPABILITIES,
  type CircuitBreakerCapability,
  circuitBreakerContract,
  type CircuitBreakerContractCase,
  type CircuitBreakerHarness,
} from './circuit-breaker-contract.ts'
export { type CrashPoint, createCrashPoint } from './crash-point.ts'
export { createFakeChain } from './create-fake-chain.ts'
export type {
  FakeChain,
  FakeChainOptions,
  FakeExecution,
  FakeSenderOptions,
} from './fake-chain-model.ts'
export {
  type Fault,
  type FaultPlan,
  faulty,
  InjectedFaultError,
  type PlannedCall,
} from './faulty.ts'
export {
  jobLeaseStoreContract,
  type JobLeaseStoreContractCase,
} from './job-lease-store-contract.ts'
export {
  createRecordingChannel,
  type RecordingChannel,
  type RecordingChannelOptions,
} from './recording-channel.ts'
export { createSeededRandom } from './seeded-random.ts'
export { createSequentialId } from './sequential-id.ts'
export { createTestClock, type TestClock } from './test-clock.ts'
export {
  transactionStoreContract,
  type TransactionStoreContractCase,
} from './transaction-store-contract.ts'
