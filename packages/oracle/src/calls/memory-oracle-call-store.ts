import { createCallSet } from './call-set.ts'
import type { OracleCallFilter, OracleCallStore } from './oracle-call-store.ts'
import { type OracleCall, statusOfCall } from './oracle-call.ts'

/**
 * Keeps calls in memory: for tests and simulations. What it holds is gone with the process.
 *
 * @example
 * ```ts
 * import { createMemoryOracleCallStore } from '@assay/oracle'
 *
 * const store = createMemoryOracleCallStore()
 * console.log(await store.history({ status: 'failed' })) // []
 * ```
 */
export function createMemoryOracleCallStore(): OracleCallStore {
  let lastId = 0n
  const calls = createCallSet([], () => {
    lastId += 1n
    return lastId
  })

  function waiting(contract: string): readonly OracleCall[] {
    return calls.list().filter((call) => call.contract === contract && call.state === 'waiting')
  }

  return {
    submit: async (requests, now) => calls.submit(requests, now),
    async claim({ contract, carriers, perCarrier, now }) {
      const due = waiting(contract).filter((call) => call.notBefore <= now && calls.isFree(call))
      return due.slice(0, carriers.length * perCarrier).map(({ id }, index) => {
        return calls.carry(id, carriers[Math.floor(index / perCarrier)] ?? '', now)
      })
    },
    async attach(carriers) {
      for (const { carrier, transactionId } of carriers) calls.attach(carrier, transactionId)
    },
    join: async (carrier, now) => calls.join(carrier, now),
    async listCarried(contract, limit) {
      const carried = calls.list().filter((one) => one.contract === contract)
      return carried.filter(({ state }) => state === 'carried').slice(0, limit)
    },
    settle: async (results, now) => calls.settle(results, now),
    get: async (ids) => ids.flatMap((id) => calls.get(id) ?? []),
    async find(idempotencyKey) {
      return calls.list().find((call) => call.idempotencyKey === idempotencyKey) ?? null
    },
    async history({ limit = 100, ...filter }) {
      const fitting = calls.list().filter((call) => fits(call, filter))
      return fitting.toReversed().slice(0, limit)
    },
    listAttempts: async (id) => calls.attempts.filter(({ callId }) => callId === id),
    async nextDueAt(contract) {
      const moments = waiting(contract).map(({ notBefore }) => notBefore)
      return moments.length === 0 ? null : Math.min(...moments)
    },
  }
}

function fits(call: OracleCall, filter: Omit<OracleCallFilter, 'limit'>): boolean {
  const { market, functionName, player, seasonId, status, fromMs, toMs, beforeId } = filter
  return (
    (market === undefined || call.market === market) &&
    (functionName === undefined || call.functionName === functionName) &&
    (player === undefined || call.player === player) &&
    (seasonId === undefined || call.seasonId === seasonId) &&
    (status === undefined || statusOfCall(call) === status) &&
    (fromMs === undefined || call.createdAt >= fromMs) &&
    (toMs === undefined || call.createdAt <= toMs) &&
    (beforeId === undefined || call.id < beforeId)
  )
}
