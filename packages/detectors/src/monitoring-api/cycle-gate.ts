import { ApiRefusalError } from './api-refusal-error.ts'
import type { ApiSettings } from './api-settings.ts'

/** A cycle that somebody asked for. Times are epoch milliseconds. */
export interface AskedCycle {
  readonly outcome: 'running' | 'completed' | 'failed'
  readonly startedBy: string
  readonly startedAt: number
  /** `null` while it runs. */
  readonly endedAt: number | null
}

/** Runs cycles that are asked for, one at a time. */
export interface CycleGate {
  /**
   * Starts a cycle, and waits for its end for a while.
   *
   * @returns how it stands then
   */
  start(actor: string): Promise<AskedCycle>
  /** The last one that was asked for here; `null` before the first. */
  last(): AskedCycle | null
}

/** Makes the gate. A client that leaves changes nothing: what it asked for is done. */
export function createCycleGate({
  monitor,
  cycleWaitMs,
  cycleTimeoutMs,
  clock,
  logger,
}: ApiSettings): CycleGate {
  let last: AskedCycle | null = null

  async function run(started: AskedCycle): Promise<AskedCycle> {
    const limit = new AbortController()
    const timer = clock.setTimer(() => limit.abort(), cycleTimeoutMs)
    let outcome: AskedCycle['outcome'] = 'completed'
    try {
      await monitor.cycle({ signal: limit.signal })
    } catch (error) {
      outcome = 'failed'
      logger.error({ err: error, actor: started.startedBy }, 'A cycle that was asked for failed.')
    } finally {
      timer.cancel()
    }
    last = { ...started, outcome, endedAt: clock.now() }
    return last
  }

  return {
    async start(actor) {
      if (last?.outcome === 'running') {
        const message = 'A cycle is running already; GET /status says when it has ended.'
        throw new ApiRefusalError('MONITORING_CYCLE_RUNNING', 409, message)
      }
      const started: AskedCycle = {
        outcome: 'running',
        startedBy: actor,
        startedAt: clock.now(),
        endedAt: null,
      }
      last = started
      logger.info({ actor }, 'A cycle was asked for.')
      const end = run(started)
      return new Promise((resolve) => {
        const timer = clock.setTimer(() => resolve(started), cycleWaitMs)
        void end.then(resolve).finally(() => timer.cancel())
      })
    },
    last: () => last,
  }
}
