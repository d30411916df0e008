import type { AskEndpoint } from '@assay/core/evm'
import { type AbiEvent, decodeEventLog, encodeEventTopics, getAddress, type Hex } from 'viem'
import { z } from 'zod'

import type { PositionEvent, WatchedEvents } from './position-watcher.ts'

/** Events in a range of blocks, and logs that are none of them though their topic says so. */
export interface ReadEvents {
  readonly events: readonly PositionEvent[]
  readonly unreadable: number
}

/** Reads the watched events of some blocks, in order. */
export async function readPositionEvents(
  ask: AskEndpoint,
  { addresses, abi }: WatchedEvents,
  { from, to }: { readonly from: bigint; readonly to: bigint },
): Promise<ReadEvents> {
  const events = abi.filter((item): item is AbiEvent => item.type === 'event')
  const topics = events.map((event) => encodeEventTopics({ abi: [event] })[0])
  const filter = { address: addresses, topics: [topics], fromBlock: hex(from), toBlock: hex(to) }
  const logs = await ask('eth_getLogs', [filter], z.array(logSchema))
  const ordered = logs
    .filter(({ removed }) => removed !== true)
    .toSorted((one, other) => Number(orderOf(one) - orderOf(other)))
  const times = await readTimes(ask, ordered)
  const read = ordered.map((log) => readEvent(events, log, times))
  const found = read.filter((event) => event !== null)
  return { events: found, unreadable: read.length - found.length }
}

const quantitySchema = z
  .string()
  .regex(/^0x[\da-f]{1,64}$/i)
  .transform(BigInt)
const wordSchema = z
  .string()
  .regex(/^0x[\da-f]{64}$/i)
  .transform((word) => word as Hex)

const logSchema = z.object({
  address: z.string().regex(/^0x[\da-f]{40}$/i),
  topics: z.array(wordSchema),
  data: z
    .string()
    .regex(/^0x(?:[\da-f]{2})*$/i)
    .transform((data) => data as Hex),
  blockNumber: quantitySchema,
  transactionHash: wordSchema,
  logIndex: quantitySchema,
  removed: z.boolean().optional(),
})

type Log = z.output<typeof logSchema>

/** A block has far fewer logs than this: gas is the limit. */
const LOGS_OF_BLOCK_MAX = 1n << 20n

function orderOf({ blockNumber, logIndex }: Log): bigint {
  return blockNumber * LOGS_OF_BLOCK_MAX + logIndex
}

/** When the blocks of some logs were made, in epoch milliseconds. */
async function readTimes(
  ask: AskEndpoint,
  logs: readonly Log[],
): Promise<ReadonlyMap<bigint, number>> {
  const numbers = [...new Set(logs.map(({ blockNumber }) => blockNumber))]
  const blocks = await Promise.all(
    numbers.map((number) => ask('eth_getBlockByNumber', [hex(number), false], timeSchema)),
  )
  return new Map(numbers.map((number, index) => [number, Number(blocks[index]?.timestamp) * 1_000]))
}

const timeSchema = z.object({ timestamp: quantitySchema })

function readEvent(
  abi: readonly AbiEvent[],
  log: Log,
  times: ReadonlyMap<bigint, number>,
): PositionEvent | null {
  const [signature, ...indexed] = log.topics
  if (signature === undefined) return null
  try {
    const { eventName, args } = decodeEventLog({
      abi,
      topics: [signature, ...indexed],
      data: log.data,
    })
    return {
      eventName,
      args: args ?? {},
      address: getAddress(log.address),
      blockNumber: log.blockNumber,
      transactionHash: log.transactionHash,
      logIndex: Number(log.logIndex),
      observedAt: times.get(log.blockNumber) ?? 0,
      sequence: orderOf(log),
      key: `${log.transactionHash}/${log.logIndex}`,
    }
  } catch {
    // Another contract may have an event of the same signature and other indexed arguments.
    return null
  }
}

function hex(number: bigint): Hex {
  return `0x${number.toString(16)}`
}
