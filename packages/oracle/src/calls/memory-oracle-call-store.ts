import { keyReusedError, sequenceStaleError } from './call-refusals.ts'
import {
  attemptOf,
  carry,
  newCall,
  settleCall,
  supersede,
  worthFrom,
} from './oracle-call-changes.ts'
import type {
  CallResult,
  NewOracleCall,
  OracleCallAttempt,
  OracleCallFilter,
  OracleCallStore,
  SubmittedCall,
} from './oracle-call-store.ts'
import { isNewerCall, nameOfCallKey, type OracleCall, statusOfCall } from './oracle-call.ts'

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
  const calls = new Map<bigint, OracleCall>()
  const idsByKey = new Map<string, bigint>()
  const attempts = new Map<bigint, OracleCallAttempt[]>()
  let lastId = 0n

  function known({ idempotencyKey }: NewOracleCall): OracleCall | undefined {
    const id = idsByKey.get(idempotencyKey)
    return id === undefined ? undefined : calls.get(id)
  }

  function rivalsOf(call: Pick<OracleCall, 'contract' | 'functionName' | 'market'>): OracleCall[] {
    const name = nameOfCallKey(call)
    return [...calls.values()].filter(
      (one) => one.policy === 'latest' && nameOfCallKey(one) === name,
    )
  }

  function assertAcceptable(call: NewOracleCall): void {
    const same = known(call)
    if (same !== undefined) {
      if (same.requestHash !== call.requestHash) throw keyReusedError(same.id)
      return
    }
    if (call.policy !== 'latest') return
    const onChain = rivalsOf(call).filter(({ state }) => state === 'succeeded')
    const newer = onChain.find(({ sequence }) => sequence > call.sequence)
    if (newer !== undefined) throw sequenceStaleError(call.sequence, newer.sequence)
  }

  function submitOne(request: NewOracleCall, now: number): SubmittedCall {
    const same = known(request)
    if (same !== undefined) return { outcome: 'known', call: same }
    lastId += 1n
    const notBefore = worthFrom(request, lastSent(request), now)
    const stored = newCall(request, { id: lastId, now, notBefore })
    calls.set(stored.id, stored)
    idsByKey.set(stored.idempotencyKey, stored.id)
    if (stored.policy === 'latest') coalesce(stored, now)
    return { outcome: 'stored', call: calls.get(stored.id) ?? stored }
  }

  /** The newest of a key that is on its way to the chain, or there. */
  function lastSent(request: NewOracleCall): OracleCall | null {
    const sent = rivalsOf(request).filter(
      ({ state }) => state === 'carried' || state === 'succeeded',
    )
    return sent.toSorted((one, other) => (isNewerCall(one, other) ? -1 : 1))[0] ?? null
  }

  /** Of those that wait under a key only the newest stays, and only if nothing newer is on its way. */
  function coalesce(call: OracleCall, now: number): void {
    const rivals = rivalsOf(call)
    const newer = rivals.find(
      (one) => one.state !== 'failed' && one.state !== 'superseded' && isNewerCall(one, call),
    )
    if (newer !== undefined) {
      calls.set(call.id, supersede(call, newer, now))
      return
    }
    for (const one of rivals) {
      if (one.state === 'waiting' && one.id !== call.id)
        calls.set(one.id, supersede(one, call, now))
    }
  }

  function settleOne(result: CallResult, now: number): readonly OracleCall[] {
    const call = calls.get(result.id)
    if (call?.revision !== result.revision || call.state !== 'carried') return []
    const attempt = attemptOf(call, result, now)
    if (attempt !== null) attempts.set(call.id, [...(attempts.get(call.id) ?? []), attempt])
    const settled = settleCall(call, result, now)
    calls.set(settled.id, settled)
    if (settled.state === 'waiting' && settled.policy === 'latest') {
      release(settled, now)
      coalesce(settled, now)
    }
    return [calls.get(settled.id) ?? settled]
  }

  /** A newer value that was held back beside this one is held back no more: this one is not there. */
  function release(call: OracleCall, now: number): void {
    for (const one of rivalsOf(call)) {
      if (one.state !== 'waiting' || !isNewerCall(one, call) || one.notBefore <= now) continue
      calls.set(one.id, { ...one, revision: one.revision + 1, notBefore: now })
    }
  }

  /** A later transaction carries a newer value: after one newer still, that one would go back. */
  function isOvertaken(call: OracleCall): boolean {
    return rivalsOf(call).some(
      (one) => one.state === 'carried' && one.carrier !== call.carrier && isNewerCall(one, call),
    )
  }

  function select(isWanted: (call: OracleCall) => boolean): readonly OracleCall[] {
    return [...calls.values()].filter(isWanted)
  }

  function put(call: OracleCall): OracleCall {
    calls.set(call.id, call)
    return call
  }

  return {
    async submit(requests, now) {
      for (const request of requests) assertAcceptable(request)
      return requests.map((request) => submitOne(request, now))
    },
    async claim({ contract, carriers, perCarrier, now }) {
      const due = select((call) => call.contract === contract && isDue(call, now))
      return due.slice(0, carriers.length * perCarrier).map((call, index) => {
        const carrier = carriers[Math.floor(index / perCarrier)] ?? ''
        return put(carry(call, { carrier, hasJoined: false, now }))
      })
    },
    async attach(carrier, transactionId) {
      for (const call of select((one) => one.carrier === carrier && one.state === 'carried')) {
        if (call.transactionId === null)
          put({ ...call, revision: call.revision + 1, transactionId })
      }
    },
    async join(carrier, now) {
      const carried = select((one) => one.carrier === carrier && one.state === 'carried')
      const transactionId = carried[0]?.transactionId ?? null
      const joinable = carried.filter((call) => call.policy === 'latest' && !isOvertaken(call))
      const names = new Set(joinable.map((call) => nameOfCallKey(call)))
      return select(
        (one) =>
          one.state === 'waiting' && one.policy === 'latest' && names.has(nameOfCallKey(one)),
      ).map((call) => put({ ...carry(call, { carrier, hasJoined: true, now }), transactionId }))
    },
    async listCarried(contract, limit) {
      const carried = select((one) => one.contract === contract && one.state === 'carried')
      return carried.slice(0, limit)
    },
    settle: async (results, now) => results.flatMap((result) => settleOne(result, now)),
    get: async (ids) => ids.flatMap((id) => calls.get(id) ?? []),
    find: async (idempotencyKey) => calls.get(idsByKey.get(idempotencyKey) ?? -1n) ?? null,
    async history({ limit = 100, ...filter }) {
      return select((call) => fits(call, filter))
        .toReversed()
        .slice(0, limit)
    },
    listAttempts: async (id) => attempts.get(id) ?? [],
    async nextDueAt(contract) {
      const waiting = select((one) => one.contract === contract && one.state === 'waiting')
      return waiting.length === 0 ? null : Math.min(...waiting.map(({ notBefore }) => notBefore))
    },
  }
}

function isDue({ state, notBefore }: OracleCall, now: number): boolean {
  return state === 'waiting' && notBefore <= now
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
