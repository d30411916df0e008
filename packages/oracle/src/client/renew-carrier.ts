import type { JsonValue, Transaction } from '@assay/core'

import { isNewerCall, nameOfCallKey, type OracleCall } from '../calls/oracle-call.ts'
import type { OracleContext } from './oracle-context.ts'
import { CARRIER_PREFIX, coversOfCalls } from './send-calls.ts'

/**
 * Before a transaction is replaced, values that have come since take the places of older ones in it.
 * Should an older attempt be mined after all, the newer values go back to wait.
 */
export async function renewCarrier(
  { store, contract, clock }: OracleContext,
  { idempotencyKey, covers }: Transaction,
): Promise<{ readonly payload: JsonValue; readonly covers: readonly string[] } | null> {
  if (!idempotencyKey.startsWith(CARRIER_PREFIX)) return null
  const current = await store.get(covers.map(BigInt))
  if (current.length === 0 || current[0]?.contract !== contract.key) return null
  const joined = await store.join(idempotencyKey, clock.now())
  if (joined.length === 0) return null
  const renewed = current.map((call) => newestOf(call, joined))
  return { payload: contract.encode(renewed), covers: coversOfCalls(renewed) }
}

function newestOf(call: OracleCall, joined: readonly OracleCall[]): OracleCall {
  if (call.policy === 'every') return call
  const name = nameOfCallKey(call)
  return joined
    .filter((one) => nameOfCallKey(one) === name)
    .reduce((newest, one) => (isNewerCall(one, newest) ? one : newest), call)
}
