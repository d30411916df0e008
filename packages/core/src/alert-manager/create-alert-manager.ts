import { type Alert, fingerprintOfAlert } from '../alerts/alert.ts'
import { AssayError } from '../errors/assay-error.ts'
import { assertWholeNumber, InvalidOptionError } from '../errors/invalid-option-error.ts'
import { createAlertDispatcher } from './alert-dispatcher.ts'
import { createAlertIntake } from './alert-intake.ts'
import type { AlertPutResult } from './alert-manager-store.ts'
import type {
  AlertManager,
  AlertRefusal,
  FireOutcome,
  KeptAlert,
  KeptAlertFilter,
  ResolveOutcome,
} from './alert-manager.ts'
import { createAlertResender } from './alert-resender.ts'
import { CAPACITY_ALERT_MS, CAPACITY_ALERTS_MAX, createCapacityWatch } from './capacity-watch.ts'
import {
  type AlertManagerOptions,
  type AlertManagerSettings,
  parseAlertManagerOptions,
} from './parse-alert-manager-options.ts'
import { matchesAll } from './policy/alert-matcher.ts'
import { compileMatchers, createSilence } from './silence.ts'
import { toNotifiedAlert } from './stages/compose-notification.ts'
import { fingerprintAlert } from './stages/fingerprint-alert.ts'
import { inhibitorsOf, inhibitsOf } from './stages/inhibit-alerts.ts'
import { createAlertSilencer } from './stages/silence-alerts.ts'
import type {
  StoredAlert,
  StoredAlertChange,
  StoredAlertChangeOutcome,
} from './stored-alert-change.ts'

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
  const { policy, store, clock, limits, tally, logger, grouper, resolveAfterMs } = settings
  const intake = createAlertIntake({ store, limits, waitingMax: limits.waiting, settle })
  const dispatcher = createAlertDispatcher(settings)
  const resender = createAlertResender(settings)
  const capacity = createCapacityWatch()
  const closing = new AbortController()
  let prunedAt = Number.NEGATIVE_INFINITY
  let closed: Promise<void> | undefined

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
    const reason = closed === undefined ? 'waiting-limit' : 'closed'
    tally.alert(reason)
    if (reason === 'waiting-limit') drop('waiting', 1)
    return { outcome: 'refused', reason, fingerprint }
  }

  function put(change: StoredAlertChange): PutOutcome | Promise<PutOutcome> {
    if (closed !== undefined) return refuse(change)
    return intake.put(change) ?? refuse(change)
  }

  function drop(limit: string, count: number): void {
    capacity.dropped(limit, count)
    tally.dropped(limit, count)
  }

  /** What is due at any time, beside the groups. */
  async function upkeep(): Promise<void> {
    const now = clock.now()
    const changes = capacity
      .takeAlerts(now)
      .map((alert) => toChange(alert, CAPACITY_ALERT_MS, true))
    if (changes.length > 0) await store.put(changes, limits)
    await store.expireAlerts(now)
    if (now - prunedAt < PRUNE_EVERY_MS) return
    const historyBefore = now - settings.historyMs
    const count = await store.prune({ historyBefore, now, limit: PRUNE_MAX })
    if (count < PRUNE_MAX) prunedAt = now
  }

  async function close(): Promise<void> {
    closing.abort()
    await intake.drain()
    await Promise.all([dispatcher.drain(), resender.close()])
    const channels = new Set(settings.channels.values())
    await Promise.all([...channels].map(async (channel) => channel.close?.()))
  }

  const manager: AlertManager = {
    fire: async (alert) => (await put(toChange(alert, resolveAfterMs, false))) as FireOutcome,
    async resolve(identity, { at } = {}) {
      const now = clock.now()
      if (at !== undefined && !Number.isFinite(at)) {
        throw new InvalidOptionError('resolve', 'at', 'a moment in epoch milliseconds')
      }
      const endsAt = Math.min(at ?? now, now)
      const fingerprint = fingerprintOfAlert(identity)
      return (await put({ kind: 'resolve', fingerprint, endsAt })) as ResolveOutcome
    },
    async acknowledge(key, { by }) {
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
    alerts: async (filter = {}) => listAlerts(filter, settings),
    async history({ limit = 100, ...filter } = {}) {
      assertWholeNumber('history', 'limit', limit, { min: 1 })
      return store.listHistory({ ...filter, limit })
    },
    async run({ signal } = {}) {
      const stop = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
      const resending = resender.run(stop)
      while (!stop.aborted) {
        try {
          await upkeep()
          await dispatcher.begin(stop)
        } catch (error) {
          tally.error('store')
          logger.error(
            { err: error },
            'The alert manager could not use its store, and tries again.',
          )
        }
        await clock.sleep(settings.pollMs, { signal: stop }).catch(() => {})
      }
      await resending
    },
    async tick() {
      await upkeep()
      resender.begin()
      const done = await dispatcher.finish()
      await resender.finish()
      return done
    },
    async close() {
      closed ??= close()
      await closed
    },
    [Symbol.asyncDispose]: () => manager.close(),
  }
  return manager
}

const PRUNE_EVERY_MS = 3_600_000
const PRUNE_MAX = 10_000

type FireChange = Extract<StoredAlertChange, { kind: 'fire' }>

type PutOutcome = AlertRefusal | { readonly outcome: AcceptedOutcome; readonly fingerprint: string }
type AcceptedOutcome = Exclude<StoredAlertChangeOutcome, 'alert-limit' | 'group-limit'>

async function listAlerts(
  { matchers = [], status, limit = 1_000 }: KeptAlertFilter,
  { store, clock, policy, limits }: AlertManagerSettings,
): Promise<readonly KeptAlert[]> {
  assertWholeNumber('alerts', 'limit', limit, { min: 1 })
  const compiled = compileMatchers('alerts', matchers)
  const now = clock.now()
  const isSilenced = createAlertSilencer(await store.listSilences(now), now)
  const wanted = (await store.listAlerts(limits.alerts + CAPACITY_ALERTS_MAX))
    .filter(({ endsAt }) => status === undefined || (endsAt === null) === (status === 'firing'))
    .filter(({ alert }) => matchesAll(compiled, alert))
    .slice(0, limit)

  const inhibitors = wanted.map(({ alert }) => inhibitorsOf(policy, alert))
  const inhibiting = await store.firingInhibitors([...new Set(inhibitors.flat())])
  const mutedBy = (stored: StoredAlert, index: number): KeptAlert['mutedBy'] => {
    if (inhibitors[index]?.some((name) => inhibiting.has(name)) === true) return 'inhibition'
    return isSilenced(stored.alert) ? 'silence' : null
  }
  return wanted.map((stored, index) => {
    const { groupKeys } = stored
    return Object.assign(toNotifiedAlert(stored), { groupKeys, mutedBy: mutedBy(stored, index) })
  })
}

function silenceLimitReached(limit: number): AssayError {
  return new AssayError('ALERT_SILENCE_LIMIT', {
    message: `There are ${limit} silences already, as many as the limit allows.`,
    retry: 'never',
    context: { limit },
  })
}
