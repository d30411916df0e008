export { marketOracleAbi, marketOracleBytecode } from './market-oracle.ts'
export { oracleBatcherAbi, oracleBatcherBytecode } from './oracle-batcher.ts'
