import type { AlertChannel, AlertResending } from '../alerts/alert-channel.ts'
import { assertDurationMs, assertWholeNumber } from '../errors/invalid-option-error.ts'
import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Logger } from '../logger/logger.ts'
import type { Clock } from '../runtime/clock.ts'
import type { AlertManagerTally } from './alert-manager-metrics.ts'
import type { AlertManagerStore } from './alert-manager-store.ts'
import { toNotifiedAlert } from './stages/compose-notification.ts'

/**
 * Sends again what receivers were told of and what still fires, where their channel wants that. What
 * that is, only the store knows: other processes tell of ends too, and a process begins with nothing.
 */
export interface AlertResender {
  /** Begins what is due. */
  begin(): void
  /** Begins what is due until `signal` aborts, whatever holds up the rounds of the groups. */
  run(signal: AbortSignal): Promise<void>
  /** Waits for what has begun. */
  finish(): Promise<void>
  /** Gives up what has begun, and begins nothing more. */
  close(): Promise<void>
}

/** What a resender needs. */
export interface AlertResenderSettings {
  readonly channels: ReadonlyMap<string, AlertChannel>
  readonly store: AlertManagerStore
  readonly clock: Clock
  readonly logger: Logger
  readonly tally: AlertManagerTally
  readonly pollMs: number
}

const RESEND_EVERY_MS = 60_000
const RESEND_ALERTS_MAX = 10_000

/**
 * Makes the resender of one manager.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION`
 */
export function createAlertResender(settings: AlertResenderSettings): AlertResender {
  const { clock, pollMs } = settings
  const targets = resendTargetsOf(settings.channels)
  const dueAt = new Map<ResendTarget, number>()
  const active = new Map<ResendTarget, Promise<void>>()
  const closing = new AbortController()

  function begin(): void {
    const now = clock.monotonic()
    for (const target of targets) {
      const isDue = (dueAt.get(target) ?? now) <= now && !active.has(target)
      if (!isDue || closing.signal.aborted) continue
      dueAt.set(target, now + target.everyMs)
      const work = resend(target, closing.signal, settings)
      active.set(
        target,
        work.finally(() => active.delete(target)),
      )
    }
  }

  return {
    begin,
    async run(signal) {
      while (targets.length > 0 && !signal.aborted) {
        begin()
        await clock.sleep(pollMs, { signal }).catch(() => {})
      }
    },
    async finish() {
      await Promise.all(active.values())
    },
    async close() {
      closing.abort()
      await Promise.all(active.values())
    },
  }
}

/** A receiver whose channel sends again. */
interface ResendTarget {
  readonly receiver: string
  readonly everyMs: number
  readonly alertsMax: number
  readonly send: NonNullable<AlertChannel['resend']>
}

function resendTargetsOf(channels: ReadonlyMap<string, AlertChannel>): ResendTarget[] {
  return [...channels].flatMap(([receiver, channel]) => {
    const { resendEveryMs = RESEND_EVERY_MS, resendAlertsMax = RESEND_ALERTS_MAX } = channel
    if (channel.resend === undefined) return []
    const option = (name: string): string => `channels.${receiver}.${name}`
    assertDurationMs(FACTORY, option('resendEveryMs'), resendEveryMs, { min: 1 })
    assertWholeNumber(FACTORY, option('resendAlertsMax'), resendAlertsMax, { min: 1 })
    const send = channel.resend.bind(channel)
    return [{ receiver, everyMs: resendEveryMs, alertsMax: resendAlertsMax, send }]
  })
}

const FACTORY = 'createAlertManager'

async function resend(
  target: ResendTarget,
  closing: AbortSignal,
  { store, clock, logger, tally }: AlertResenderSettings,
): Promise<void> {
  const { receiver } = target
  try {
    const told = await store.listTold({ receiver, limit: target.alertsMax })
    const alerts = told.alerts.map(toNotifiedAlert)
    if (alerts.length === 0) return
    const omittedAlertCount = told.omittedCount
    const sent = await settle(send(target, { receiver, alerts, omittedAlertCount }, closing, clock))

    // Somebody may have told of an end meanwhile, which this has then overtaken.
    const firing = await store.firingAmong(alerts.map(({ fingerprint }) => fingerprint))
    const endsAt = clock.now()
    const ended = alerts.flatMap((alert) =>
      firing.has(alert.fingerprint) ? [] : [{ ...alert, status: 'resolved' as const, endsAt }],
    )
    if (ended.length > 0) {
      await send(target, { receiver, alerts: ended, omittedAlertCount: 0 }, closing, clock)
    }
    if (sent.status === 'rejected') throw sent.reason
  } catch (error) {
    if (closing.aborted) return
    tally.error('resend')
    const message = 'Firing alerts were not sent again; the next interval brings the next attempt.'
    tellQuietly(() => logger.warn({ receiver, err: error }, message))
  }
}

async function settle(work: Promise<void>): Promise<PromiseSettledResult<void>> {
  const [result] = await Promise.allSettled([work])
  return result
}

/** One that is not done within an interval makes room for the next, even if it ignores the abort. */
async function send(
  { send: resendAlerts, everyMs }: ResendTarget,
  resending: AlertResending,
  closing: AbortSignal,
  clock: Clock,
): Promise<void> {
  closing.throwIfAborted()
  const controller = new AbortController()
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const stop = (): void => {
    controller.abort()
    reject(controller.signal.reason)
  }
  const timer = clock.setTimer(stop, everyMs)
  closing.addEventListener('abort', stop, { once: true })
  try {
    await Promise.race([resendAlerts(resending, { signal: controller.signal }), stopped])
  } finally {
    timer.cancel()
    closing.removeEventListener('abort', stop)
  }
}
