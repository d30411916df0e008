import { tellQuietly } from '../errors/tell-quietly.ts'
import type { AlertDispatcher } from './alert-dispatcher.ts'
import type { AlertIntake } from './alert-intake.ts'
import type { AlertManager, AlertTick } from './alert-manager.ts'
import type { AlertResender } from './alert-resender.ts'
import type { AlertUpkeep } from './alert-upkeep.ts'
import type { AlertManagerSettings } from './parse-alert-manager-options.ts'

/** What happens in a manager by itself, and its end. */
export type AlertRunner = Pick<AlertManager, 'run' | 'tick' | 'close'>

/** The parts that a runner sets going. */
export interface AlertRunnerParts {
  readonly intake: Pick<AlertIntake<unknown>, 'drain'>
  readonly dispatcher: AlertDispatcher
  readonly resender: AlertResender
  /** Ends alerts. A tick waits for that before it looks for groups that are due. */
  readonly endings: AlertUpkeep
  /** All that is done beside the groups, and holds them up never. */
  readonly upkeep: AlertUpkeep
  /** Aborted by `close`. */
  readonly closing: AbortController
}

/** Makes the runner of one manager. */
export function createAlertRunner(
  { intake, dispatcher, resender, endings, upkeep, closing }: AlertRunnerParts,
  { clock, pollMs, channels, tally, logger }: AlertManagerSettings,
): AlertRunner {
  const underWay = new Set<Promise<unknown>>()
  let closed: Promise<void> | undefined

  async function tracked<Result>(work: Promise<Result>): Promise<Result> {
    underWay.add(work)
    try {
      return await work
    } finally {
      underWay.delete(work)
    }
  }

  async function runUntil(stop: AbortSignal): Promise<void> {
    const resending = resender.run(stop)
    while (!stop.aborted) {
      // Nobody waits for these: people are told whatever becomes of them.
      void endings.begin()
      void upkeep.begin()
      try {
        await dispatcher.begin(stop)
      } catch (error) {
        tally.error('store')
        const message = 'The alert manager could not use its store, and tries again.'
        tellQuietly(() => logger.error({ err: error }, message))
      }
      await clock.sleep(pollMs, { signal: stop }).catch(() => {})
    }
    await resending
  }

  async function tick(): Promise<AlertTick> {
    const endingsFailed = await endings.begin()
    const stepsFailed = upkeep.begin()
    resender.begin()
    try {
      const told = await dispatcher.finish(closing.signal)
      return { ...told, errors: told.errors + endingsFailed + (await stepsFailed) }
    } finally {
      await Promise.all([stepsFailed, resender.finish()])
    }
  }

  async function close(): Promise<void> {
    closing.abort()
    await intake.drain()
    // What these have claimed or begun is in the store before the host ends its connections.
    await Promise.all([Promise.allSettled(underWay), resender.close()])
    await Promise.all([endings.drain(), upkeep.drain(), dispatcher.drain()])
    await Promise.all([...new Set(channels.values())].map(async (channel) => channel.close?.()))
  }

  return {
    async run({ signal } = {}) {
      const stop = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
      await tracked(runUntil(stop))
    },
    async tick() {
      return closed === undefined ? tracked(tick()) : { ...NOTHING_DONE }
    },
    async close() {
      closed ??= close()
      await closed
    },
  }
}

const NOTHING_DONE: AlertTick = { rounds: 0, errors: 0, delivered: 0, failed: 0, refused: 0 }
