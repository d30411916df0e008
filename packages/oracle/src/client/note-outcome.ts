import type { Alert, AlertNotice } from '@assay/core'

import type { OracleCall } from '../calls/oracle-call.ts'
import type { OracleContext } from './oracle-context.ts'

/** Counts how a call went, for its market, and tells people where that is due. */
export async function noteOutcome(context: OracleContext, call: OracleCall): Promise<void> {
  const { failures, tally } = context
  tally.settled(call)
  if (call.state === 'succeeded') await tell(context, failures.succeed(call.market))
  else if (call.state === 'failed' || call.retryReason !== null) {
    if (call.errorCode === null) return
    await tell(context, failures.fail(call.market, call.errorCode))
  }
}

type Decision = ReturnType<OracleContext['failures']['fail']>

/** People hear at least once: a notice that could not be handed on is decided anew. */
async function tell({ alerts, logger, clock }: OracleContext, decision: Decision): Promise<void> {
  if (decision.reason === null) return
  const alert = alertOf(decision, clock.now())
  try {
    if (decision.reason === 'resolved') await alerts?.resolve(alert)
    else await alerts?.fire(alert)
    decision.delivered()
  } catch (error) {
    decision.undelivered()
    logger.warn({ err: error }, 'An alert about a market could not be handed on.')
  }
}

function alertOf({ key, failureCount, error }: AlertNotice, startsAt: number): Alert {
  return {
    name: 'OracleMarketFailing',
    severity: 'high',
    labels: { component: 'oracle', market: key },
    summary: `Updates of market ${key} have failed ${failureCount} times in a row.`,
    description: typeof error === 'string' ? `The last failure: ${error}.` : undefined,
    startsAt,
    source: '@assay/oracle',
  }
}
