import type { Clock, Logger } from '@assay/core'

import { createLeftFindings } from './left-findings.ts'
import type { MonitorStore } from './monitor-store.ts'
import {
  type FindingAlerts,
  type HandOverOptions,
  hasUntold,
  tellFindings,
} from './tell-findings.ts'
import { createTellersTurn } from './tellers-turn.ts'

/** Hands findings on, in one of the monitors that share a store. */
export interface FindingTeller {
  /** Hands on what is stored and was not told yet. Calls that come meanwhile wait for the next round. */
  tell(): Promise<void>
}

/** What findings are handed on with. */
export interface FindingTellerOptions extends Pick<HandOverOptions, 'toAlert'> {
  readonly store: MonitorStore
  readonly alerts: FindingAlerts | undefined
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

  async function tellWhileNews(to: HandOverOptions): Promise<void> {
    try {
      while (hasNews) {
        hasNews = false
        await tellAll(to)
      }
    } finally {
      // In the same breath as the last look at `hasNews`, so that no call comes in between.
      telling = undefined
    }
  }

  async function tellAll(to: HandOverOptions): Promise<void> {
    const left = createLeftFindings()
    try {
      // After a turn has ended too: whoever was refused one meanwhile relies on that.
      while (!left.isFull && (await hasUntold(store, left))) {
        const turn = createTellersTurn({ store, owner, leaseMs, clock })
        if (!(await turn.begin())) return
        try {
          if ((await tellFindings({ ...to, store, turn, left })) === 'lost') return
        } finally {
          await turn.end()
        }
      }
    } catch (error) {
      logger.warn({ err: error }, 'Findings could not be read or noted as told, and will be again.')
    } finally {
      left.log(logger)
    }
  }

  return {
    async tell() {
      if (alerts === undefined) return
      hasNews = true
      telling ??= tellWhileNews({ alerts, toAlert })
      await telling
    },
  }
}
