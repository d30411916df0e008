export {
  oracleCallStoreContract,
  type OracleCallStoreContractCase,
} from './oracle-call-store-contract.ts'
