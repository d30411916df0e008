import type { Abi, Address, Hex } from 'viem'

import type { OracleIntent } from '../client/oracle-client.ts'

/** An event of the chain, as it was read. */
export interface PositionEvent {
  readonly eventName: string
  /** Its arguments by name, as viem decodes them. */
  readonly args: Readonly<Record<string, unknown>>
  /** Who emitted it. */
  readonly address: Address
  readonly blockNumber: bigint
  readonly transactionHash: Hex
  readonly logIndex: number
  /** When its block was made, in epoch milliseconds. */
  readonly observedAt: number
  /** Grows from event to event: the `sequence` of what follows from it. */
  readonly sequence: bigint
  /** Names the event for ever: the beginning of idempotency keys of what follows from it. */
  readonly key: string
}

/** What shall be written because of an event: a value for each participant, or nothing. */
export type ToIntents = (
  event: PositionEvent,
) => readonly OracleIntent[] | Promise<readonly OracleIntent[]>

/** Which events are watched. */
export interface WatchedEvents {
  /** Who emits them. */
  readonly addresses: readonly Address[]
  /** The events; anything else in it is passed over. */
  readonly abi: Abi
}

/** What one look has done. */
export interface PositionLook {
  /** Up to which block has been read; `null` where there is none that is final. */
  readonly readTo: bigint | null
  readonly events: number
  /** Intents that the oracle has taken, those included that it knew. */
  readonly submitted: number
  /** Intents that it has refused, such as values that are older than those on chain. */
  readonly refused: number
  /** Whether more blocks wait. */
  readonly hasMore: boolean
}

/** Turns events of position changes into values for the oracle. */
export interface PositionWatcher {
  /** Reads the next blocks, and hands on what follows from them. */
  look(options?: { readonly signal?: AbortSignal | undefined }): Promise<PositionLook>
  /** Looks until the signal aborts or the watcher is closed. After downtime it reads what it missed. */
  run(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
