import type { Alert, Clock, Logger } from '@assay/core'

import type { Finding } from '../detector/finding.ts'
import type { MonitorStore } from './monitor-store.ts'
import { type FindingAlerts, tellFindings } from './tell-findings.ts'
import { createTellersTurn } from './tellers-turn.ts'

/** Hands findings on, in one of the monitors that share a store. */
export interface FindingTeller {
  /** Hands on what is stored and was not told yet. Calls that come meanwhile wait for the next round. */
  tell(): Promise<void>
  /** Hands findings on that could not be stored. */
  tellAtOnce(findings: readonly Finding[]): Promise<void>
}

/** What findings are handed on with. */
export interface FindingTellerOptions {
  readonly store: MonitorStore
  readonly alerts: FindingAlerts | undefined
  readonly toAlert: (finding: Finding) => Alert
  readonly owner: string
  readonly leaseMs: number
  readonly clock: Clock
  readonly logger: Logger
}

/** Makes the teller of one monitor. */
export function createFindingTeller({
  store,
  alerts,
  toAlert,
  owner,
  leaseMs,
  clock,
  logger,
}: FindingTellerOptions): FindingTeller {
  let telling: Promise<void> | undefined
  let hasNews = false

  async function tellAll(to: FindingAlerts): Promise<void> {
    do {
      hasNews = false
      const turn = createTellersTurn({ store, owner, leaseMs, clock })
      if (!(await turn.begin())) return
      try {
        while ((await tellFindings({ store, alerts: to, toAlert, turn })) > 0);
      } catch (error) {
        // They stay untold, and the next round tells them.
        logger.warn({ err: error }, 'Findings could not be handed on, and will be again.')
        return
      }
    } while (hasNews)
  }

  return {
    async tell() {
      if (alerts === undefined) return
      hasNews = true
      telling ??= tellAll(alerts).finally(() => {
        telling = undefined
      })
      await telling
    },
    async tellAtOnce(findings) {
      await Promise.all(findings.map(async (finding) => alerts?.fire(toAlert(finding))))
    },
  }
}
