import type { Transaction } from '@assay/core'

import type { CallResult } from '../calls/oracle-call-store.ts'
import type { OracleCall } from '../calls/oracle-call.ts'
import { noteOutcome } from './note-outcome.ts'
import type { OracleContext } from './oracle-context.ts'
import type { CallExecution } from './oracle-contract.ts'
import { retryAt } from './retry-at.ts'

/** Calls, and the transaction that carried them to its end. */
export interface EndedCarrier {
  readonly transaction: Transaction
  readonly calls: readonly OracleCall[]
}

/**
 * Notes what became of the calls of transactions that have ended. What counts is the attempt that was
 * mined: a call that only a later attempt carried goes back to wait.
 *
 * @returns how many calls were settled
 */
export async function settleCalls(
  context: OracleContext,
  ended: readonly EndedCarrier[],
): Promise<number> {
  if (ended.length === 0) return 0
  const results = ended.flatMap((carrier) => resultsOf(context, carrier))
  // Those that succeeded first: what goes back to wait may be older than what is now on chain.
  const ordered = results.toSorted((one, other) => rankOf(one) - rankOf(other))
  const settled = await context.store.settle(ordered, context.clock.now())
  for (const call of settled) await noteOutcome(context, call)
  return settled.length
}

function resultsOf(
  context: OracleContext,
  { transaction, calls }: EndedCarrier,
): readonly CallResult[] {
  const executions = executionsOf(context, transaction)
  return calls.map((call) =>
    resultOf(context, call, { transaction, execution: executions.get(String(call.id)) }),
  )
}

/** How each call went that the transaction has tried, by its id. */
function executionsOf(
  { contract }: OracleContext,
  transaction: Transaction,
): ReadonlyMap<string, CallExecution> {
  const { state, mined, attempts, covers, reason } = transaction
  const tried = mined === null ? covers : coversOfAttempt()
  if (state === 'confirmed') {
    const executions = contract.decode(transaction, tried.length)
    return new Map(tried.flatMap((id, place) => pairOf(id, executions[place])))
  }
  const failure: CallExecution = {
    outcome: 'failed',
    errorCode: CODES[state] ?? 'ORACLE_CALL_ABANDONED',
    errorMessage: reason ?? `The transaction was ${state}.`,
  }
  return new Map(tried.map((id) => [id, failure]))

  function coversOfAttempt(): readonly string[] {
    return attempts.find(({ hash }) => hash === mined?.hash)?.covers ?? []
  }
}

function pairOf(
  id: string,
  execution: CallExecution | undefined,
): readonly (readonly [string, CallExecution])[] {
  return execution === undefined ? [] : [[id, execution]]
}

/** Why a try has failed, by how its transaction ended. */
const CODES: Readonly<Partial<Record<Transaction['state'], string>>> = {
  reverted: 'ORACLE_CALL_REVERTED',
  rejected: 'ORACLE_CALL_REJECTED',
  conflict: 'ORACLE_NONCE_CONFLICT',
}

function resultOf(
  context: OracleContext,
  { id, revision, attemptCount }: OracleCall,
  {
    transaction,
    execution,
  }: { readonly transaction: Transaction; readonly execution: CallExecution | undefined },
): CallResult {
  const transactionHash = transaction.mined?.hash ?? null
  if (execution === undefined) return { id, revision, outcome: 'returned' }
  if (execution.outcome === 'succeeded') {
    return { id, revision, outcome: 'succeeded', transactionHash: transactionHash ?? '' }
  }
  const { errorCode, errorMessage } = execution
  const failure = { errorCode, errorMessage, transactionHash }
  const at = retryAt(context, attemptCount + 1)
  return { id, revision, outcome: 'attempt-failed', ...failure, retryAt: at }
}

function rankOf({ outcome }: CallResult): number {
  return outcome === 'succeeded' ? 0 : 1
}
