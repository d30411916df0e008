import { type Clock, type Random, retry } from '@assay/core'

import type { ListenToChannel } from './postgres-event-source.ts'

/** What is needed of a connection of a `pg` pool. */
export interface PgListener {
  query(text: string): Promise<unknown>
  on(event: 'notification', listener: (message: PgNotification) => void): unknown
  on(event: 'error' | 'end', listener: () => void): unknown
  release(destroy?: boolean): void
}

/** What the server tells of. */
export interface PgNotification {
  readonly channel: string
  readonly payload?: string | undefined
}

/** What is needed of a `pg` pool. */
export interface PgListenerPool {
  connect(): Promise<PgListener>
}

/** Options of {@link listenOnPgPool}. */
export interface ListenOnPgPoolOptions {
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
}

/**
 * Hears notifications through a `pg` pool. Each channel takes one of its connections for as long as
 * it is listened to. When the connection is lost, another is tried until there is one, after waits
 * that grow to 10 s; `onNotify` is then called with `null`, because nobody listened meanwhile.
 *
 * @param pool the host's pool
 * @param options time and chance, for tests
 *
 * @example
 * ```ts no-run
 * import { listenOnPgPool } from '@assay/detectors/postgres'
 * import pg from 'pg'
 *
 * const listen = listenOnPgPool(new pg.Pool())
 * const end = await listen('assay_events', (source) => console.log('News of', source))
 * await end()
 * ```
 */
export function listenOnPgPool(
  pool: PgListenerPool,
  options: ListenOnPgPoolOptions = {},
): ListenToChannel {
  return async (channel, onNotify) => {
    const ending = new AbortController()
    const { signal } = ending
    const hear = (): Promise<Hearing> => hearChannel(pool, channel, onNotify)
    let hearing = await hear()

    async function hearAgain(): Promise<void> {
      for (;;) {
        await hearing.lost
        if (signal.aborted) return
        hearing = await retry(hear, { ...AS_LONG_AS_IT_TAKES, ...options, signal })
        onNotify(null)
      }
    }
    // It only fails by the end of the wait for a connection.
    const ended = hearAgain().catch(() => {})
    return async () => {
      ending.abort()
      hearing.close()
      await ended
    }
  }
}

const AS_LONG_AS_IT_TAKES = {
  attemptsMax: Number.MAX_SAFE_INTEGER,
  deadlineMs: Infinity,
  isRetryable: () => true,
}

interface Hearing {
  /** Resolves when nothing is heard any more, for whatever reason. */
  readonly lost: Promise<void>
  close(): void
}

async function hearChannel(
  pool: PgListenerPool,
  channel: string,
  onNotify: (payload: string | null) => void,
): Promise<Hearing> {
  const connection = await pool.connect()
  const { promise: lost, resolve } = Promise.withResolvers<void>()
  let isOpen = true
  // It is never lent again: others would hear what was asked for here.
  const close = (): void => {
    if (isOpen) connection.release(true)
    isOpen = false
    resolve()
  }
  connection.on('error', close)
  connection.on('end', close)
  connection.on('notification', (message) => {
    if (isOpen && message.channel === channel) onNotify(message.payload ?? '')
  })
  try {
    await connection.query(`listen "${channel.replaceAll('"', '""')}"`)
  } catch (error) {
    close()
    throw error
  }
  return { lost, close }
}
