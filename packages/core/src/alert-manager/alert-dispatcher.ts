import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Logger } from '../logger/logger.ts'
import type { CreateId } from '../runtime/create-id.ts'
import type { AlertManagerTally } from './alert-manager-metrics.ts'
import type { AlertGroupCommit, ClaimedAlertGroup } from './alert-manager-store.ts'
import type { AlertTick } from './alert-manager.ts'
import { type DeliveryGateBounds, gateChannels, isPostponement } from './delivery-gate.ts'
import { type GroupRound, type RoundSettings, runGroupRound } from './run-group-round.ts'
import { type AlertSilencer, createAlertSilencer } from './stages/silence-alerts.ts'

/** Takes groups that are due through their rounds, a bounded number at a time. */
export interface AlertDispatcher {
  /**
   * Begins the rounds of all that is due, until `stop` aborts. It waits for no channel: a round that
   * finds no place in one leaves that notification for later.
   */
  begin(stop: AbortSignal): Promise<void>
  /** Runs the rounds of all that is due until `stop` aborts, a few at a time, and waits for them. */
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
  /** Deliveries that a channel has at a time; and rounds that `finish` runs at a time. */
  readonly concurrency: number
}

/** Makes the dispatcher of one manager. */
export function createAlertDispatcher(settings: AlertDispatcherSettings): AlertDispatcher {
  const { store, clock, createId, leaseMs, concurrency, tally, logger } = settings
  const gated = { ...settings, channels: gateChannels(settings.channels, gateBoundsOf(settings)) }
  const roundsMax = roundsMaxOf(settings)
  const receivers = new Set(settings.channels.keys())
  const active = new Set<Promise<void>>()
  let nextEnd = Promise.withResolvers<void>()
  const done = { rounds: 0, errors: 0, delivered: 0, failed: 0, refused: 0 }

  /** @returns how many rounds it began */
  async function claim(stop: AbortSignal, activeMax: number): Promise<number> {
    const limit = Math.min(concurrency, activeMax - active.size)
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
    const round = work(claimed, silencer).finally(() => {
      active.delete(round)
      nextEnd.resolve()
      nextEnd = Promise.withResolvers()
    })
    active.add(round)
  }

  async function work(claimed: ClaimedByToken, silencer: AlertSilencer): Promise<void> {
    try {
      const { commit, deliveries } = await runGroupRound(claimed, silencer, gated)
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
      if (result.outcome === 'failed' && isPostponement(result.error)) {
        tally.notification(receiver, reason, 'postponed')
        continue
      }
      tally.notification(receiver, reason, result.outcome)
      if (result.outcome === 'delivered') continue
      const facts = { receiver, reason, groupKey, code: result.errorCode, err: result.error }
      const what = result.outcome === 'failed' ? 'not delivered' : 'refused'
      tellQuietly(() => logger.warn(facts, `A notification was ${what}.`))
    }
  }

  function fail(step: string, error: unknown): void {
    done.errors += 1
    tally.error(step)
    const message = 'A group of alerts was not dealt with, and is tried again.'
    tellQuietly(() => logger.error({ step, err: error }, message))
  }

  async function beginAll(stop: AbortSignal, activeMax: number): Promise<void> {
    while ((await claim(stop, activeMax)) > 0) {
      if (active.size >= activeMax) await nextEnd.promise
    }
  }

  return {
    begin: async (stop) => beginAll(stop, roundsMax),
    async finish(stop) {
      const before = { ...done }
      // A round may make its group due again, as a refused step of an escalation does.
      do {
        await beginAll(stop, concurrency)
        await Promise.all(active)
      } while ((await claim(stop, concurrency)) > 0)
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

/** For each delivery that a channel has, so many wait: a fast one is not left idle by a storm. */
const WAITING_PER_PLACE = 16
/** Beside the rounds that are with channels, so many times `concurrency` are with the store. */
const STORE_ROUNDS = 4

function gateBoundsOf({
  concurrency,
  deliveryTimeoutMs,
  clock,
}: AlertDispatcherSettings): DeliveryGateBounds {
  const waitingMax = concurrency * WAITING_PER_PLACE
  // Most of a delivery's time is left for the delivery.
  return { placesMax: concurrency, waitingMax, waitMaxMs: deliveryTimeoutMs / 4, clock }
}

/**
 * Each round that waits takes up room at a channel, so that slow channels alone never use this up:
 * when so many are under way, it is the store that is slow.
 */
function roundsMaxOf({ concurrency, channels }: AlertDispatcherSettings): number {
  const perChannel = concurrency * (1 + WAITING_PER_PLACE)
  return channels.size * perChannel + concurrency * STORE_ROUNDS
}

interface ClaimedByToken {
  readonly group: ClaimedAlertGroup
  readonly token: string
}
