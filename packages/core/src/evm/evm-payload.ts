import { type Address, type Hex, isAddress, isHex } from 'viem'

import { AssayError } from '../errors/assay-error.ts'
import type { JsonValue } from '../transactions/json-value.ts'

/** What an EVM transaction does. */
export type EvmPayload = {
  readonly to: Address
  /** Default `0x`. */
  readonly data?: Hex
  /** In wei, as decimal text. Default `0`. */
  readonly valueWei?: string
}

/** @throws {AssayError} `TRANSACTION_PAYLOAD_INVALID` */
export function assertEvmPayload(payload: JsonValue): asserts payload is EvmPayload {
  const { to, data = '0x', valueWei = '0' } = membersOf(payload)
  if (typeof to !== 'string' || !isAddress(to)) throw invalid('to', 'an address')
  if (typeof data !== 'string' || !isHex(data) || data.length % 2 === 1) {
    throw invalid('data', 'bytes in hexadecimal')
  }
  const isAmount = typeof valueWei === 'string' && /^\d{1,78}$/.test(valueWei)
  if (!isAmount) throw invalid('valueWei', 'an amount of wei as decimal text')
}

function membersOf(payload: JsonValue): Readonly<Record<string, unknown>> {
  return typeof payload === 'object' && payload !== null && !Array.isArray(payload)
    ? (payload as Readonly<Record<string, unknown>>)
    : {}
}

function invalid(member: string, requirement: string): AssayError {
  return new AssayError('TRANSACTION_PAYLOAD_INVALID', {
    message: `The payload of an EVM transaction needs \`${member}\` to be ${requirement}.`,
    retry: 'never',
    context: { member },
  })
}
