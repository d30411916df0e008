export type {
  AttachedCarrier,
  CallResult,
  ClaimRequest,
  NewOracleCall,
  OracleCallAttempt,
  OracleCallFilter,
  OracleCallStore,
  SubmittedCall,
} from './calls/oracle-call-store.ts'
export {
  isEndedCall,
  type OracleCall,
  type OracleCallPolicy,
  type OracleCallState,
  type OracleCallStatus,
  statusOfCall,
} from './calls/oracle-call.ts'
export { createMemoryOracleCallStore } from './calls/memory-oracle-call-store.ts'
export { createOracleClient, type OracleClientOptions } from './client/create-oracle-client.ts'
export type {
  FailingMarket,
  OracleClient,
  OracleIntent,
  OracleSubmission,
  OracleTick,
} from './client/oracle-client.ts'
export type { OracleTransactions } from './client/oracle-context.ts'
export type { CallExecution, CheckedIntent, OracleContract } from './client/oracle-contract.ts'
export {
  ORACLE_CALL_DURATION_SECONDS,
  ORACLE_CALLS_CARRIED,
  ORACLE_CALLS_TOTAL,
  ORACLE_FAILED_ATTEMPTS_TOTAL,
} from './client/oracle-metrics.ts'
export { type OraclePolicy, readOracleEnvironment } from './client/oracle-policy.ts'
export {
  evmOracleContract,
  type EvmOracleContractOptions,
  type OracleBatcherOptions,
  type OracleFunction,
} from './evm-contract/evm-oracle-contract.ts'
export {
  createPositionWatcher,
  type PositionWatcherOptions,
} from './position-watcher/create-position-watcher.ts'
export {
  createMemoryPositionCursorStore,
  type PositionCursor,
  type PositionCursorStore,
} from './position-watcher/position-cursor-store.ts'
export {
  POSITION_EVENTS_TOTAL,
  POSITION_EVENTS_UNREADABLE_TOTAL,
  POSITION_INTENTS_REFUSED_TOTAL,
  POSITION_REWINDS_TOTAL,
} from './position-watcher/position-metrics.ts'
export type {
  PositionEvent,
  PositionLook,
  PositionWatcher,
  ToIntents,
  WatchedEvents,
} from './position-watcher/position-watcher.ts'
