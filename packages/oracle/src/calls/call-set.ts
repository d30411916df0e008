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
  SubmittedCall,
} from './oracle-call-store.ts'
import { isNewerCall, nameOfCallKey, type OracleCall } from './oracle-call.ts'

/**
 * Calls, and what happens to them: the rules that every store keeps. A store in memory has one set of
 * all calls; one in a database loads those that a step is about, takes the step here, and writes what
 * has changed.
 */
export interface CallSet {
  get(id: bigint): OracleCall | undefined
  list(): readonly OracleCall[]
  /** @throws {AssayError} `ORACLE_KEY_REUSED`, `ORACLE_SEQUENCE_STALE`, before anything is changed */
  submit(requests: readonly NewOracleCall[], now: number): readonly SubmittedCall[]
  /** Whether a call may be carried now: not while an older value of its key is on its way to a carrier. */
  isFree(call: OracleCall): boolean
  carry(id: bigint, carrier: string, now: number): OracleCall
  join(carrier: string, now: number): readonly OracleCall[]
  attach(carrier: string, transactionId: string): void
  settle(results: readonly CallResult[], now: number): readonly OracleCall[]
  /** The calls that have changed, new ones included, as they are now. */
  changes(): readonly OracleCall[]
  /** The tries that have ended. */
  readonly attempts: readonly OracleCallAttempt[]
}

/**
 * Makes a set.
 *
 * @param calls those that the steps are about: all of the same keys that have not ended, and the newest
 *   of each key that succeeded
 * @param takeId gives the id of a new call; each is greater than the one before
 */
export function createCallSet(calls: readonly OracleCall[], takeId: () => bigint): CallSet {
  const byId = new Map(calls.map((call) => [call.id, call]))
  const idsByKey = new Map(calls.map((call) => [call.idempotencyKey, call.id]))
  const idsByName = new Map<string, Set<bigint>>()
  const changed = new Set<bigint>()
  const attempts: OracleCallAttempt[] = []
  for (const call of calls) index(call)

  function index(call: OracleCall): void {
    if (call.policy !== 'latest') return
    const name = nameOfCallKey(call)
    const ids = idsByName.get(name) ?? new Set()
    idsByName.set(name, ids.add(call.id))
  }

  function put(call: OracleCall): OracleCall {
    byId.set(call.id, call)
    changed.add(call.id)
    return call
  }

  function known({ idempotencyKey }: NewOracleCall): OracleCall | undefined {
    return byId.get(idsByKey.get(idempotencyKey) ?? -1n)
  }

  /** The `latest` calls of one key. */
  function rivalsOf(call: Parameters<typeof nameOfCallKey>[0]): readonly OracleCall[] {
    return [...(idsByName.get(nameOfCallKey(call)) ?? [])].flatMap((id) => byId.get(id) ?? [])
  }

  function assertAcceptable(call: NewOracleCall): void {
    const same = known(call)
    if (same !== undefined && same.requestHash !== call.requestHash) throw keyReusedError(same.id)
    if (same !== undefined || call.policy !== 'latest') return
    const newer = rivalsOf(call).find(
      ({ state, sequence }) => state === 'succeeded' && sequence > call.sequence,
    )
    if (newer !== undefined) throw sequenceStaleError(call.sequence, newer.sequence)
  }

  function submitOne(request: NewOracleCall, now: number): SubmittedCall {
    const same = known(request)
    if (same !== undefined) return { outcome: 'known', call: same }
    const notBefore = worthFrom(request, lastSent(request), now)
    const call = put(newCall(request, { id: takeId(), now, notBefore }))
    idsByKey.set(call.idempotencyKey, call.id)
    index(call)
    if (call.policy === 'latest') coalesce(call, now)
    return { outcome: 'stored', call: byId.get(call.id) ?? call }
  }

  /** The newest of a key that is on its way to the chain, or there. */
  function lastSent(request: NewOracleCall): OracleCall | null {
    return rivalsOf(request)
      .filter(({ state }) => state === 'carried' || state === 'succeeded')
      .reduce<OracleCall | null>(
        (last, one) => (last === null || isNewerCall(one, last) ? one : last),
        null,
      )
  }

  /** Of those that wait under a key only the newest stays, and only if nothing newer is on its way. */
  function coalesce(call: OracleCall, now: number): void {
    const rivals = rivalsOf(call)
    const newer = rivals.find(
      (one) => one.state !== 'failed' && one.state !== 'superseded' && isNewerCall(one, call),
    )
    if (newer !== undefined) {
      put(supersede(call, newer, now))
      return
    }
    for (const one of rivals) {
      if (one.state === 'waiting' && one.id !== call.id) put(supersede(one, call, now))
    }
  }

  /** A newer value that was held back beside this one is held back no more: this one is not there. */
  function release(call: OracleCall, now: number): void {
    for (const one of rivalsOf(call)) {
      if (one.state !== 'waiting' || !isNewerCall(one, call) || one.notBefore <= now) continue
      put({ ...one, revision: one.revision + 1, notBefore: now })
    }
  }

  function settleOne(result: CallResult, now: number): readonly OracleCall[] {
    const call = byId.get(result.id)
    if (call?.revision !== result.revision || call.state !== 'carried') return []
    const attempt = attemptOf(call, result, now)
    if (attempt !== null) attempts.push(attempt)
    const settled = put(settleCall(call, result, now))
    if (settled.state !== 'succeeded' && settled.policy === 'latest') release(settled, now)
    if (settled.state === 'waiting' && settled.policy === 'latest') coalesce(settled, now)
    return [byId.get(settled.id) ?? settled]
  }

  /** A later transaction carries a newer value: after one newer still, that one would go back. */
  function isOvertaken(call: OracleCall): boolean {
    return rivalsOf(call).some(
      (one) => one.state === 'carried' && one.carrier !== call.carrier && isNewerCall(one, call),
    )
  }

  function carriedBy(carrier: string): readonly OracleCall[] {
    return [...byId.values()].filter((one) => one.carrier === carrier && one.state === 'carried')
  }

  return {
    get: (id) => byId.get(id),
    list: () => [...byId.values()],
    submit(requests, now) {
      for (const request of requests) assertAcceptable(request)
      return requests.map((request) => submitOne(request, now))
    },
    isFree(call) {
      if (call.policy === 'every') return true
      // Were the newer one handed over first, the older one would be executed after it.
      return !rivalsOf(call).some((one) => one.state === 'carried' && one.transactionId === null)
    },
    carry(id, carrier, now) {
      const call = byId.get(id)
      if (call === undefined) throw new Error(`Call ${id} is not in the set.`)
      return put(carry(call, { carrier, hasJoined: false, now }))
    },
    join(carrier, now) {
      const carried = carriedBy(carrier)
      const transactionId = carried[0]?.transactionId ?? null
      return carried
        .filter((call) => call.policy === 'latest' && !isOvertaken(call))
        .flatMap((call) => rivalsOf(call).filter(({ state }) => state === 'waiting'))
        .map((call) => put({ ...carry(call, { carrier, hasJoined: true, now }), transactionId }))
    },
    attach(carrier, transactionId) {
      for (const call of carriedBy(carrier)) {
        if (call.transactionId !== null) continue
        put({ ...call, revision: call.revision + 1, transactionId })
      }
    },
    settle: (results, now) => results.flatMap((result) => settleOne(result, now)),
    changes: () => [...changed].flatMap((id) => byId.get(id) ?? []),
    attempts,
  }
}
