export {
  oracleCallStoreContract,
  type OracleCallStoreContractCase,
} from './oracle-call-store-contract.ts'
export {
  positionCursorStoreContract,
  type PositionCursorStoreContractCase,
} from './position-cursor-store-contract.ts'
