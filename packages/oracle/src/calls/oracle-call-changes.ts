import type { CallResult, NewOracleCall, OracleCallAttempt } from './oracle-call-store.ts'
import type { OracleCall } from './oracle-call.ts'

/** A call as it begins. */
export function newCall(
  { deviationBps: _deviation, heartbeatMs: _heartbeat, ...call }: NewOracleCall,
  { id, now, notBefore }: { readonly id: bigint; readonly now: number; readonly notBefore: number },
): OracleCall {
  return {
    ...call,
    id,
    state: 'waiting',
    revision: 1,
    attemptCount: 0,
    carrier: null,
    hasJoined: false,
    transactionId: null,
    notBefore,
    transactionHash: null,
    errorCode: null,
    errorMessage: null,
    retryReason: null,
    notes: null,
    createdAt: now,
    firstAttemptAt: null,
    lastAttemptAt: null,
    completedAt: null,
  }
}

/** From when on a value is worth sending, beside the last one of its key that was sent. */
export function worthFrom(
  { bps, deviationBps, heartbeatMs }: NewOracleCall,
  last: OracleCall | null,
  now: number,
): number {
  if (last === null || last.bps === null || bps === null) return now
  if (Math.abs(bps - last.bps) >= deviationBps) return now
  return Math.max(now, (last.lastAttemptAt ?? last.createdAt) + heartbeatMs)
}

/** A newer value took its place. */
export function supersede(
  call: OracleCall,
  newer: { readonly id: bigint },
  now: number,
): OracleCall {
  const notes = `superseded by call ${newer.id}`
  return { ...call, state: 'superseded', revision: call.revision + 1, notes, completedAt: now }
}

/** A transaction carries it. */
export function carry(
  call: OracleCall,
  {
    carrier,
    hasJoined,
    now,
  }: { readonly carrier: string; readonly hasJoined: boolean; readonly now: number },
): OracleCall {
  return {
    ...call,
    state: 'carried',
    revision: call.revision + 1,
    carrier,
    hasJoined,
    transactionId: null,
    firstAttemptAt: call.firstAttemptAt ?? now,
    lastAttemptAt: now,
  }
}

/** What a result makes of a carried call, before it is known whether a newer one has come. */
export function settleCall(call: OracleCall, result: CallResult, now: number): OracleCall {
  const changed = { ...call, revision: call.revision + 1 }
  switch (result.outcome) {
    case 'succeeded':
      return {
        ...changed,
        state: 'succeeded',
        transactionHash: result.transactionHash,
        errorCode: null,
        errorMessage: null,
        completedAt: now,
      }
    case 'returned':
      return { ...changed, state: 'waiting', notBefore: now }
    case 'attempt-failed':
      return settleFailure(changed, result, now)
  }
}

/** The try that a result ends; `null` where none was made. */
export function attemptOf(
  call: OracleCall,
  result: CallResult,
  now: number,
): OracleCallAttempt | null {
  if (result.outcome === 'returned') return null
  const isFailure = result.outcome === 'attempt-failed'
  return {
    callId: call.id,
    number: call.attemptCount + 1,
    carrier: call.carrier ?? '',
    transactionHash: result.transactionHash,
    outcome: isFailure ? 'failed' : 'succeeded',
    errorCode: isFailure ? result.errorCode : null,
    errorMessage: isFailure ? result.errorMessage : null,
    endedAt: now,
  }
}

function settleFailure(
  call: OracleCall,
  result: Extract<CallResult, { readonly outcome: 'attempt-failed' }>,
  now: number,
): OracleCall {
  const { transactionHash, errorCode, errorMessage, retryAt } = result
  const attemptCount = call.attemptCount + 1
  const failed = { ...call, attemptCount, transactionHash, errorCode, errorMessage }
  if (attemptCount >= call.attemptsMax) return { ...failed, state: 'failed', completedAt: now }
  return { ...failed, state: 'waiting', notBefore: retryAt, retryReason: errorCode }
}
