import { z } from 'zod'

import type { JsonValue } from '../transactions/json-value.ts'

/** What an EIP-1559 transaction offers. */
export interface EvmFees {
  readonly maxFeePerGasWei: bigint
  readonly maxPriorityFeePerGasWei: bigint
}

/** How fees are chosen. */
export interface EvmFeePolicy {
  /** No transaction offers more for a unit of gas. */
  readonly maxFeePerGasCapWei: bigint
  /** No transaction offers more than this to whoever builds the block. */
  readonly maxPriorityFeePerGasCapWei: bigint
}

/**
 * The fees of a first attempt: twice the base fee, which lasts through six full blocks that each raise
 * it by an eighth (EIP-1559), and the tip on top.
 */
export function firstFees(
  { baseFeeWei, tipWei }: { readonly baseFeeWei: bigint; readonly tipWei: bigint },
  { maxFeePerGasCapWei, maxPriorityFeePerGasCapWei }: EvmFeePolicy,
): EvmFees {
  const tip = lesser(tipWei, maxPriorityFeePerGasCapWei)
  const maxFeePerGasWei = lesser(2n * baseFeeWei + tip, maxFeePerGasCapWei)
  return { maxFeePerGasWei, maxPriorityFeePerGasWei: lesser(tip, maxFeePerGasWei) }
}

/**
 * The fees of a replacement: what a first attempt would offer now, and at least an eighth more than the
 * one before in both, because pools take a replacement only from a tenth more on (go-ethereum's
 * `txpool.pricebump`; an eighth is what others ask).
 *
 * @returns `null` where that is above the cap
 */
export function raisedFees(before: EvmFees, now: EvmFees, policy: EvmFeePolicy): EvmFees | null {
  const fees = {
    maxFeePerGasWei: greater(now.maxFeePerGasWei, raise(before.maxFeePerGasWei)),
    maxPriorityFeePerGasWei: greater(
      now.maxPriorityFeePerGasWei,
      raise(before.maxPriorityFeePerGasWei),
    ),
  }
  const isAffordable =
    fees.maxFeePerGasWei <= policy.maxFeePerGasCapWei &&
    fees.maxPriorityFeePerGasWei <= fees.maxFeePerGasWei
  return isAffordable ? fees : null
}

/** Fees as an attempt keeps them. */
export function formatFees({ maxFeePerGasWei, maxPriorityFeePerGasWei }: EvmFees): JsonValue {
  return {
    maxFeePerGasWei: String(maxFeePerGasWei),
    maxPriorityFeePerGasWei: String(maxPriorityFeePerGasWei),
  }
}

/** Reads them back. */
export function parseFees(terms: JsonValue): EvmFees {
  return feesSchema.parse(terms)
}

const weiSchema = z.string().regex(/^\d+$/).transform(BigInt)
const feesSchema = z.object({ maxFeePerGasWei: weiSchema, maxPriorityFeePerGasWei: weiSchema })

/** An eighth more, rounded up, and never nothing. */
function raise(feeWei: bigint): bigint {
  return greater((feeWei * 9n + 7n) / 8n, feeWei + 1n)
}

function greater(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}

function lesser(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}
