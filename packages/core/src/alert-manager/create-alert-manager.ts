import type { Alert } from '../alerts/alert.ts'
import { AssayError } from '../errors/assay-error.ts'
import { assertWholeNumber, InvalidOptionError } from '../errors/invalid-option-error.ts'
import { createAlertDispatcher } from './alert-dispatcher.ts'
import type { AlertHistoryFilter } from './alert-history.ts'
import { createAlertIntake } from './alert-intake.ts'
import type { AlertPutResult } from './alert-manager-store.ts'
import type { AlertManager, AlertRefusal, FireOutcome, ResolveOutcome } from './alert-manager.ts'
import { createAlertResender } from './alert-resender.ts'
import { createAlertRunner } from './alert-runner.ts'
import { createAlertUpkeep } from './alert-upkeep.ts'
import { CAPACITY_ALERT_MS, createCapacityWatch } from './capacity-watch.ts'
import { listKeptAlerts } from './list-kept-alerts.ts'
import {
  type AlertManagerOptions,
  parseAlertManagerOptions,
} from './parse-alert-manager-options.ts'
import { assertKeys } from './policy/assert-shape.ts'
import { createSilence } from './silence.ts'
import { fingerprintAlert, fingerprintIdentity } from './stages/fingerprint-alert.ts'
import { inhibitsOf } from './stages/inhibit-alerts.ts'
import type { StoredAlertChange, StoredAlertChangeOutcome } from './stored-alert-change.ts'
import { announceCapacity, expireAlerts, pruneStore } from './upkeep-steps.ts'

/**
 * Makes an alert manager: it groups the alerts that fire, and tells each group to the right people,
 * once, and again when that is due; it tells them when it is over, and the next people when nobody
 * takes it on. Its rules are those of Prometheus' Alertmanager, in this process.
 *
 * A delivery is noted once the channel has confirmed it. A process that dies in between repeats one
 * notification, under the same id, and loses none. Managers that share a PostgreSQL store send each
 * notification once between them; their clocks should agree to within a few seconds.
 *
 * @param options the channels, and what differs from the defaults
 * @throws {InvalidOptionError} `INVALID_OPTION` when an option or a place in the policy is not valid,
 *   or the policy names a receiver that has no channel
 *
 * @example
 * ```ts
 * import { createAlertManager } from '@assay/core'
 * import { createRecordingChannel, createTestClock } from '@assay/core/testing'
 *
 * const clock = createTestClock()
 * const slack = createRecordingChannel({ kind: 'slack' })
 * const manager = createAlertManager({
 *   policy: { route: { receiver: 'slack', groupBy: ['alertname'] } },
 *   channels: { slack },
 *   clock,
 * })
 * for (const market of ['m-1', 'm-2']) {
 *   await manager.fire({
 *     name: 'SettlementStuck',
 *     severity: 'high',
 *     labels: { market },
 *     summary: `Market ${market} has not settled.`,
 *     startsAt: clock.now(),
 *     source: 'settlement',
 *   })
 * }
 * await clock.advance(30_000)
 * await manager.tick()
 * console.log(slack.notifications.map(({ reason, alerts }) => `${reason} ${alerts.length}`))
 * // [ 'firing 2' ]
 * ```
 *
 * @example In a backend
 * ```ts no-run
 * import { createAlertManager, defaultAlertPolicy } from '@assay/core'
 * import { createRecordingChannel } from '@assay/core/testing'
 *
 * const page = createRecordingChannel()
 * const stopping = new AbortController()
 * const manager = createAlertManager({
 *   policy: defaultAlertPolicy({ critical: 'page', team: 'page', components: {}, escalation: {} }),
 *   channels: { page },
 * })
 * await manager.run({ signal: stopping.signal })
 * await manager.close()
 * ```
 */
export function createAlertManager(options: AlertManagerOptions): AlertManager {
  const settings = parseAlertManagerOptions(options)
  const { policy, store, clock, limits, tally, grouper, resolveAfterMs } = settings
  const intake = createAlertIntake({ store, limits, waitingMax: limits.waiting, settle })
  const capacity = createCapacityWatch()
  const closing = new AbortController()
  const upkeepSettings = { ...settings, signal: closing.signal }
  const steps = [announceCapacity(capacity, putReserved), pruneStore(store, settings.historyMs)]
  const runner = createAlertRunner(
    {
      intake,
      dispatcher: createAlertDispatcher(settings),
      resender: createAlertResender(settings),
      endings: createAlertUpkeep([expireAlerts(store)], upkeepSettings),
      upkeep: createAlertUpkeep(steps, upkeepSettings),
      closing,
    },
    settings,
  )

  /** The stages up to the store. */
  function toChange(
    alert: Alert,
    expiresAfterMs: number | undefined,
    isReserved: boolean,
  ): FireChange {
    const kept = fingerprintAlert(alert, limits)
    const at = clock.now()
    return {
      kind: 'fire',
      fingerprint: kept.fingerprint,
      alert: kept.alert,
      at,
      expiresAt: expiresAfterMs === undefined ? null : at + expiresAfterMs,
      inhibits: inhibitsOf(policy, kept.alert),
      groups: grouper(kept.alert),
      policySince: settings.policySince,
      isReserved,
    }
  }

  function settle({ fingerprint }: StoredAlertChange, result: AlertPutResult): PutOutcome {
    const { outcome, droppedGroupCount } = result
    tally.alert(outcome)
    if (outcome === 'alert-limit') drop('alerts', 1)
    if (droppedGroupCount > 0) drop('groups', droppedGroupCount)
    return outcome === 'alert-limit' || outcome === 'group-limit'
      ? { outcome: 'refused', reason: outcome, fingerprint }
      : { outcome, fingerprint }
  }

  function refuse({ fingerprint }: StoredAlertChange): AlertRefusal {
    const reason = closing.signal.aborted ? 'closed' : 'waiting-limit'
    tally.alert(reason)
    if (reason === 'waiting-limit') drop('waiting', 1)
    return { outcome: 'refused', reason, fingerprint }
  }

  function put(change: StoredAlertChange): PutOutcome | Promise<PutOutcome> {
    if (closing.signal.aborted) return refuse(change)
    return intake.put(change) ?? refuse(change)
  }

  function drop(limit: string, count: number): void {
    capacity.dropped(limit, count, clock.now())
    tally.dropped(limit, count)
  }

  /** Alerts of the manager's own pass the queue, which may be what is full. */
  async function putReserved(alerts: readonly Alert[]): Promise<void> {
    const changes = alerts.map((alert) => toChange(alert, CAPACITY_ALERT_MS, true))
    await store.put(changes, limits)
  }

  return {
    ...runner,
    fire: async (alert) => (await put(toChange(alert, resolveAfterMs, false))) as FireOutcome,
    async resolve(identity, { at } = {}) {
      const now = clock.now()
      if (at !== undefined && !Number.isFinite(at)) {
        throw new InvalidOptionError('resolve', 'at', 'a moment in epoch milliseconds')
      }
      const endsAt = Math.min(at ?? now, now)
      const fingerprint = fingerprintIdentity('resolve', identity)
      return (await put({ kind: 'resolve', fingerprint, endsAt })) as ResolveOutcome
    },
    async acknowledge(key, options) {
      if (typeof key !== 'string') {
        throw new InvalidOptionError('acknowledge', 'key', 'the key of a group, or a fingerprint')
      }
      // Whoever has no types may leave it out.
      const by = (options as typeof options | undefined)?.by
      if (typeof by !== 'string' || by === '' || by.length > limits.labelLength) {
        throw new InvalidOptionError('acknowledge', 'by', 'the name of a person')
      }
      return store.acknowledge({ key, by: by.replaceAll('\0', '').toWellFormed(), at: clock.now() })
    },
    async silence(request) {
      const now = clock.now()
      const silence = createSilence(request, { id: settings.createId(), now })
      const hasRoom = await store.addSilence(silence, { now, limit: limits.silences })
      if (!hasRoom) throw silenceLimitReached(limits.silences)
      return silence.id
    },
    expireSilence: async (id) => store.endSilence(id, clock.now()),
    silences: async () => store.listSilences(clock.now()),
    alerts: async (filter = {}) => listKeptAlerts(filter, settings),
    async history(wanted = {}) {
      assertKeys('history', 'filter', wanted, HISTORY_KEYS)
      const { limit = 100, ...filter } = wanted
      assertWholeNumber('history', 'limit', limit, { min: 1 })
      return store.listHistory({ ...filter, limit })
    },
    [Symbol.asyncDispose]: runner.close,
  }
}

const HISTORY_KEYS = [
  'fingerprint',
  'groupKey',
  'receiver',
  'since',
  'limit',
] satisfies (keyof AlertHistoryFilter)[]

type FireChange = Extract<StoredAlertChange, { kind: 'fire' }>

type PutOutcome = AlertRefusal | { readonly outcome: AcceptedOutcome; readonly fingerprint: string }
type AcceptedOutcome = Exclude<StoredAlertChangeOutcome, 'alert-limit' | 'group-limit'>

function silenceLimitReached(limit: number): AssayError {
  return new AssayError('ALERT_SILENCE_LIMIT', {
    message: `There are ${limit} silences already, as many as the limit allows.`,
    retry: 'never',
    context: { limit },
  })
}
