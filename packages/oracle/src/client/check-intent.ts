import { AssayError } from '@assay/core'

import type { NewOracleCall } from '../calls/oracle-call-store.ts'
import type { OracleIntent } from './oracle-client.ts'
import type { OracleContext } from './oracle-context.ts'

/**
 * Checks an intent before anything is stored.
 *
 * @throws {AssayError} `ORACLE_INTENT_INVALID`, and what the contract refuses
 */
export function checkIntent(
  intent: OracleIntent,
  { contract, policy }: Pick<OracleContext, 'contract' | 'policy'>,
): NewOracleCall {
  const { idempotencyKey, functionName, observedAt, sequence, policy: wanted = 'latest' } = intent
  assertPart('idempotencyKey', isKey(idempotencyKey), 'a text of 1 to 255 characters')
  assertPart('observedAt', Number.isSafeInteger(observedAt), 'a moment in epoch milliseconds')
  assertPart('sequence', typeof sequence === 'bigint' && isInRange(sequence), 'a bigint of 64 bits')
  assertPart('policy', wanted === 'latest' || wanted === 'every', '`latest` or `every`')
  const { market, args, bps } = contract.check(intent)
  const isLatest = wanted === 'latest'
  return {
    idempotencyKey,
    requestHash: JSON.stringify([contract.key, functionName, args, wanted, String(sequence)]),
    contract: contract.key,
    market,
    functionName,
    args,
    bps,
    policy: wanted,
    sequence,
    observedAt,
    seasonId: intent.seasonId ?? null,
    player: intent.player ?? null,
    attemptsMax: policy.attemptsMax,
    deviationBps: isLatest ? policy.deviationBps : 0,
    heartbeatMs: isLatest ? policy.heartbeatMs : 0,
  }
}

/** The carriers' prefix would make a key two things at once. */
function isKey(key: unknown): boolean {
  return typeof key === 'string' && key.length > 0 && key.length <= 255 && key.isWellFormed()
}

function isInRange(sequence: bigint): boolean {
  return sequence >= 0n && sequence < 2n ** 63n
}

function assertPart(part: string, isRight: boolean, requirement: string): void {
  if (isRight) return
  throw new AssayError('ORACLE_INTENT_INVALID', {
    message: `The intent's \`${part}\` must be ${requirement}.`,
    retry: 'never',
    context: { part },
  })
}
