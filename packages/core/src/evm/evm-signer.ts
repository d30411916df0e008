import type { Address, Hex } from 'viem'

/** What is signed: EIP-1559, in the names that viem gives its members. */
export interface EvmTransactionToSign {
  readonly type: 'eip1559'
  readonly chainId: number
  readonly nonce: number
  readonly to: Address
  readonly data: Hex
  readonly value: bigint
  readonly gas: bigint
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
}

/**
 * Signs for one account. A local account of viem is one; a remote signer or a key-management service is
 * one with a function that calls it. Assay never sees the key.
 */
export interface EvmSigner {
  readonly address: Address
  /** @returns the signed transaction, serialised */
  signTransaction(transaction: EvmTransactionToSign): Promise<Hex>
}
