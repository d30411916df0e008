import type { JsonValue } from '@assay/core'

import type { OracleCall } from '../calls/oracle-call.ts'
import type { OracleContext } from './oracle-context.ts'

/** Carriers bear this before the id of their own, so that a client knows them from others' transactions. */
export const CARRIER_PREFIX = 'oracle:'

/** Gives calls that wait to as many transactions as may be on their way. @returns how many calls */
export async function sendCalls(context: OracleContext, carriersUnderWay: number): Promise<number> {
  const { store, contract, policy, createId, clock } = context
  const room = policy.inFlightMax - carriersUnderWay
  if (room <= 0) return 0
  const claimed = await store.claim({
    contract: contract.key,
    carriers: Array.from({ length: room }, () => `${CARRIER_PREFIX}${createId()}`),
    perCarrier: contract.capacity,
    now: clock.now(),
  })
  await handOver(context, groupByCarrier(claimed))
  return claimed.length
}

/**
 * Asks for the transactions of carriers. Their idempotency keys are the carriers' names, so that doing
 * it again after a crash, when nobody knows whether it was done, asks for nothing new.
 */
export async function handOver(
  { transactions, store, contract, account }: OracleContext,
  carriers: ReadonlyMap<string, readonly OracleCall[]>,
): Promise<void> {
  if (carriers.size === 0) return
  const requests = [...carriers].map(([carrier, calls]) => {
    const first = calls.filter(({ hasJoined }) => !hasJoined)
    const payload: JsonValue = contract.encode(first)
    return { idempotencyKey: carrier, account, payload, covers: coversOfCalls(first) }
  })
  const enqueued = await transactions.enqueue(requests)
  const attached = enqueued.map(({ transaction: { idempotencyKey, id } }) => {
    return { carrier: idempotencyKey, transactionId: id }
  })
  await store.attach(attached)
}

/** What a transaction stands for: the ids of its calls. */
export function coversOfCalls(calls: readonly OracleCall[]): readonly string[] {
  return calls.map(({ id }) => String(id))
}

/** The calls of each carrier, in order. */
export function groupByCarrier(
  calls: readonly OracleCall[],
): ReadonlyMap<string, readonly OracleCall[]> {
  const carriers = new Map<string, OracleCall[]>()
  for (const call of calls) {
    const { carrier } = call
    if (carrier === null) continue
    const group = carriers.get(carrier)
    if (group === undefined) carriers.set(carrier, [call])
    else group.push(call)
  }
  return carriers
}
