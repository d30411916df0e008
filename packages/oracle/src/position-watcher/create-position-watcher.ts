import {
  type Clock,
  InvalidOptionError,
  isAssayError,
  type Logger,
  type Metrics,
  noMetrics,
  silentLogger,
  systemClock,
} from '@assay/core'
import {
  type AskEndpoint,
  createEvmEndpointPool,
  type EvmEndpoint,
  type EvmFinality,
} from '@assay/core/evm'
import { z } from 'zod'

import type { OracleClient, OracleIntent } from '../client/oracle-client.ts'
import type { PositionCursor, PositionCursorStore } from './position-cursor-store.ts'
import { createPositionTally } from './position-metrics.ts'
import type { PositionLook, PositionWatcher, ToIntents, WatchedEvents } from './position-watcher.ts'
import { readPositionEvents } from './read-position-events.ts'

/** Options of {@link createPositionWatcher}. */
export interface PositionWatcherOptions {
  /** Names it in the cursor store: the same name goes on where the last process stopped. */
  readonly name: string
  readonly chainId: number
  readonly endpoints: readonly EvmEndpoint[]
  /** Which events, of which contracts. */
  readonly watch: WatchedEvents
  /** What shall be written because of an event. The same event must always lead to the same. */
  readonly toIntents: ToIntents
  readonly oracle: Pick<OracleClient, 'submitMany'>
  readonly cursors: PositionCursorStore
  /** The first block of a watcher that has no cursor. Default the newest final one. */
  readonly fromBlock?: bigint | undefined
  /** Only final blocks are read. Default `{ depth: 3 }`. */
  readonly finality?: EvmFinality | undefined
  /** Blocks in one reading, at most. Default 1,000; it halves where an endpoint refuses so many. */
  readonly blocksMax?: number | undefined
  /** How many blocks are read again where the chain has taken back what was final. Default 256. */
  readonly rewindBlocks?: number | undefined
  /** How often it looks for new blocks, in milliseconds. Default 2,000. */
  readonly pollMs?: number | undefined
  readonly clock?: Clock | undefined
  readonly metrics?: Metrics | undefined
  readonly logger?: Logger | undefined
}

/**
 * Makes a watcher: it reads events of position changes, block by block from where it stopped, and hands
 * to the oracle what follows from each: one change becomes the values of all participants, at once.
 * After a crash it may read the same events again, and their idempotency keys make that harmless.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION`
 */
export function createPositionWatcher(options: PositionWatcherOptions): PositionWatcher {
  const settings = parseOptions(options)
  const { name, cursors, watch, fromBlock, finality, rewindBlocks, pollMs, clock, logger } =
    settings
  const pool = createEvmEndpointPool({ ...settings, requestTimeoutMs: 10_000 })
  const tally = createPositionTally(settings.metrics)
  const closing = new AbortController()
  let blocksAtOnce = settings.blocksMax

  async function look(signal: AbortSignal): Promise<PositionLook> {
    const cursor = await cursors.load(name)
    const seen = await pool.read((ask) => readNext(ask, cursor), signal)
    signal.throwIfAborted()
    if (seen === null) return { readTo: null, events: 0, submitted: 0, refused: 0, hasMore: false }
    let [submitted, refused] = [0, 0]
    for (const event of seen.events) {
      const outcome = await submit(await settings.toIntents(event))
      submitted += outcome.submitted
      refused += outcome.refused
    }
    tally.read({ events: seen.events.length, unreadable: seen.unreadable, refused })
    await cursors.save(name, { from: cursor, to: seen.to })
    const readTo = seen.to.blockNumber
    return { readTo, events: seen.events.length, submitted, refused, hasMore: seen.hasMore }
  }

  /** The next blocks that are final; `null` where there are none. */
  async function readNext(ask: AskEndpoint, cursor: PositionCursor | null) {
    const final = await readFinal(ask, finality)
    if (final === null) return null
    const from = await firstOf(ask, cursor, final)
    if (from > final) return null
    const last = from + BigInt(blocksAtOnce) - 1n
    const to = last < final ? last : final
    const read = await readPositionEvents(ask, watch, { from, to }).catch((error: unknown) => {
      // Endpoints differ in how many blocks or events they give at once, and in how they say so.
      blocksAtOnce = Math.max(1, Math.floor(blocksAtOnce / 2))
      throw error
    })
    blocksAtOnce = Math.min(settings.blocksMax, blocksAtOnce * 2)
    const { hash } = await ask('eth_getBlockByNumber', [hex(to), false], blockSchema)
    return { ...read, to: { blockNumber: to, blockHash: hash }, hasMore: to < final }
  }

  /** Where the chain has taken back what was final, what was read of it is read again. */
  async function firstOf(
    ask: AskEndpoint,
    cursor: PositionCursor | null,
    final: bigint,
  ): Promise<bigint> {
    if (cursor === null) return fromBlock ?? final
    const at = [hex(cursor.blockNumber), false] as const
    const block = await ask('eth_getBlockByNumber', at, blockSchema.nullable())
    if (block?.hash === cursor.blockHash) return cursor.blockNumber + 1n
    tally.rewound()
    logger.error({ watcher: name }, 'Final blocks were taken back, and events are read again.')
    const back = (cursor.blockNumber < final ? cursor.blockNumber : final) - BigInt(rewindBlocks)
    return back > 0n ? back : 0n
  }

  /** All at once where that goes; else each by itself, so that one that is refused holds up no other. */
  async function submit(
    intents: readonly OracleIntent[],
  ): Promise<{ readonly submitted: number; readonly refused: number }> {
    if (intents.length === 0) return { submitted: 0, refused: 0 }
    try {
      await settings.oracle.submitMany(intents)
      return { submitted: intents.length, refused: 0 }
    } catch (error) {
      if (!isRefusal(error)) throw error
    }
    let refused = 0
    for (const intent of intents) {
      try {
        await settings.oracle.submitMany([intent])
      } catch (error) {
        if (!isRefusal(error)) throw error
        refused += 1
        logger.warn({ err: error, watcher: name }, 'A value of an event was refused.')
      }
    }
    return { submitted: intents.length - refused, refused }
  }

  const watcher: PositionWatcher = {
    look: ({ signal = closing.signal } = {}) => look(signal),
    async run({ signal } = {}) {
      const end = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
      await pool.verify(end)
      while (!end.aborted) {
        const outcome = await look(end).catch((error: unknown) => {
          if (!end.aborted) logger.warn({ err: error, watcher: name }, 'Events could not be read.')
          return null
        })
        if (outcome?.hasMore !== true) await clock.sleep(pollMs, { signal: end }).catch(() => {})
      }
    },
    async close() {
      closing.abort()
    },
    [Symbol.asyncDispose]: () => watcher.close(),
  }
  return watcher
}

const blockSchema = z.object({
  number: z
    .string()
    .regex(/^0x[\da-f]{1,64}$/i)
    .transform(BigInt),
  hash: z.string().regex(/^0x[\da-f]{64}$/i),
})

async function readFinal(ask: AskEndpoint, finality: EvmFinality): Promise<bigint | null> {
  const tag = 'tag' in finality ? finality.tag : 'latest'
  const block = await ask('eth_getBlockByNumber', [tag, false], blockSchema.nullable())
  if (block === null) return null
  const final = 'depth' in finality ? block.number - BigInt(finality.depth) : block.number
  return final < 0n ? null : final
}

/** What the oracle refuses before it stores anything: asking again would change nothing. */
function isRefusal(error: unknown): boolean {
  return isAssayError(error) && error.retry === 'never' && error.code.startsWith('ORACLE_')
}

type Settings = Required<Omit<PositionWatcherOptions, 'fromBlock'>> &
  Pick<PositionWatcherOptions, 'fromBlock'> & {
    readonly finality: EvmFinality
    readonly blocksMax: number
    readonly rewindBlocks: number
    readonly pollMs: number
    readonly clock: Clock
    readonly metrics: Metrics
    readonly logger: Logger
  }

function parseOptions(options: PositionWatcherOptions): Settings {
  const { finality = { depth: 3 }, blocksMax = 1_000, rewindBlocks = 256, pollMs = 2_000 } = options
  for (const [name, value] of Object.entries({ blocksMax, rewindBlocks, pollMs })) {
    if (Number.isSafeInteger(value) && value >= 1) continue
    throw new InvalidOptionError('createPositionWatcher', name, 'a whole number of at least 1')
  }
  return {
    ...options,
    finality,
    blocksMax,
    rewindBlocks,
    pollMs,
    clock: options.clock ?? systemClock,
    metrics: options.metrics ?? noMetrics,
    logger: options.logger ?? silentLogger,
  }
}

function hex(number: bigint): string {
  return `0x${number.toString(16)}`
}
