export { createEvmSender, type EvmSenderOptions } from './create-evm-sender.ts'
export { decodeRevert } from './decode-revert.ts'
export {
  type AskEndpoint,
  createEvmEndpointPool,
  type EvmEndpointPool,
  type EvmEndpointPoolOptions,
} from './evm-endpoint-pool.ts'
export type { EvmClient, EvmEndpoint } from './evm-endpoint.ts'
export type { EvmFeePolicy } from './evm-fees.ts'
export { EVM_ENDPOINT_FAILURES_TOTAL, EVM_ENDPOINT_UNREADABLE_TOTAL } from './evm-metrics.ts'
export type { EvmPayload } from './evm-payload.ts'
export type { EvmSigner, EvmTransactionToSign } from './evm-signer.ts'
export { type EvmFinality, type EvmReceipt, readEvmReceipt } from './observe-evm-lane.ts'
export type { EvmGasPolicy } from './prepare-evm-transaction.ts'
