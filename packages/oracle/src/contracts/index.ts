export { marketOracleAbi, marketOracleBytecode } from '../solidity/market-oracle.ts'
export { oracleBatcherAbi, oracleBatcherBytecode } from '../solidity/oracle-batcher.ts'
