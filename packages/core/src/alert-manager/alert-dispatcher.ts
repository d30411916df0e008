import type { Logger } from '../logger/logger.ts'
import type { CreateId } from '../runtime/create-id.ts'
import type { AlertManagerTally } from './alert-manager-metrics.ts'
import type { AlertGroupCommit, ClaimedAlertGroup } from './alert-manager-store.ts'
import type { AlertTick } from './alert-manager.ts'
import { type GroupRound, type RoundSettings, runGroupRound } from './run-group-round.ts'
import { type AlertSilencer, createAlertSilencer } from './stages/silence-alerts.ts'

/** Takes groups that are due through their rounds, a bounded number at a time. */
export interface AlertDispatcher {
  /** Begins the rounds of all that is due, as there is room for them, until `stop` aborts. */
  begin(stop: AbortSignal): Promise<void>
  /** Runs the rounds of all that is due until `stop` aborts, and waits for them. */
  finish(stop: AbortSignal): Promise<AlertTick>
  /** Waits for the rounds that have begun. */
  drain(): Promise<void>
}

/** What a dispatcher needs beside what its rounds need. */
export interface AlertDispatcherSettings extends RoundSettings {
  readonly createId: CreateId
  readonly logger: Logger
  readonly tally: AlertManagerTally
  readonly leaseMs: number
  readonly roundsMax: number
}

/** Makes the dispatcher of one manager. */
export function createAlertDispatcher(settings: AlertDispatcherSettings): AlertDispatcher {
  const { store, clock, createId, leaseMs, roundsMax, tally, logger } = settings
  const receivers = new Set(settings.channels.keys())
  const active = new Set<Promise<void>>()
  const done = { rounds: 0, errors: 0, delivered: 0, failed: 0, refused: 0 }

  /** @returns how many rounds it began */
  async function claim(stop: AbortSignal): Promise<number> {
    const limit = roundsMax - active.size
    if (limit <= 0 || stop.aborted) return 0
    const now = clock.now()
    const token = createId()
    const { groups, unreadable } = await store.claimDue({ now, leaseMs, token, limit, receivers })
    for (const error of unreadable) fail('read', error)
    if (groups.length === 0) return 0
    const silencer = createAlertSilencer(await store.listSilences(now), now)
    if (stop.aborted) {
      await Promise.all(groups.map(async (group) => giveBack({ group, token })))
      return 0
    }
    for (const group of groups) start({ group, token }, silencer)
    return groups.length
  }

  /** Leaves a group as it was, due for whoever looks next. */
  async function giveBack({ group, token }: ClaimedByToken): Promise<void> {
    // What its last round did is forgotten with a commit: its lease runs out instead.
    if (group.isAbandoned) return
    const { key, state } = group
    try {
      await commitRound({ key, token, state, nextAt: clock.now(), tellings: [], history: [] })
    } catch (error) {
      fail('round', error)
    }
  }

  function start(claimed: ClaimedByToken, silencer: AlertSilencer): void {
    const round = work(claimed, silencer).finally(() => active.delete(round))
    active.add(round)
  }

  async function work(claimed: ClaimedByToken, silencer: AlertSilencer): Promise<void> {
    try {
      const { commit, deliveries } = await runGroupRound(claimed, silencer, settings)
      count(deliveries)
      await commitRound(commit)
    } catch (error) {
      fail('round', error)
    }
  }

  /** A commit is repeated at once: it is as good as done, and repeating it does no harm. */
  async function commitRound(commit: AlertGroupCommit): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const isCommitted = await store.commit(commit)
        // On a repetition, the one before may have been committed, and only its answer lost.
        if (!isCommitted && attempt === 1) tally.error('lease')
        return
      } catch (error) {
        if (attempt === COMMIT_ATTEMPTS_MAX) throw error
      }
    }
  }

  function count(deliveries: GroupRound['deliveries']): void {
    done.rounds += 1
    for (const { notification, result } of deliveries) {
      const { receiver, reason, groupKey } = notification
      done[result.outcome] += 1
      tally.notification(receiver, reason, result.outcome)
      if (result.outcome === 'delivered') continue
      const facts = { receiver, reason, groupKey, code: result.errorCode, err: result.error }
      logger.warn(
        facts,
        `A notification was ${result.outcome === 'failed' ? 'not delivered' : 'refused'}.`,
      )
    }
  }

  function fail(step: string, error: unknown): void {
    done.errors += 1
    tally.error(step)
    logger.error({ step, err: error }, 'A group of alerts was not dealt with, and is tried again.')
  }

  async function begin(stop: AbortSignal): Promise<void> {
    while ((await claim(stop)) > 0) {
      if (active.size >= roundsMax) await Promise.race(active)
    }
  }

  return {
    begin,
    async finish(stop) {
      const before = { ...done }
      // A round may make its group due again, as a refused step of an escalation does.
      do {
        await begin(stop)
        await Promise.all(active)
      } while ((await claim(stop)) > 0)
      await Promise.all(active)
      return {
        rounds: done.rounds - before.rounds,
        errors: done.errors - before.errors,
        delivered: done.delivered - before.delivered,
        failed: done.failed - before.failed,
        refused: done.refused - before.refused,
      }
    },
    async drain() {
      await Promise.all(active)
    },
  }
}

const COMMIT_ATTEMPTS_MAX = 3

interface ClaimedByToken {
  readonly group: ClaimedAlertGroup
  readonly token: string
}
