import assert from 'node:assert/strict'

import {
  type AccountEvent,
  type AccountEventInput,
  idOfEvent,
  parseAccountEvent,
} from '../detector/account-event.ts'
import { partitionOf } from '../monitor/account-hash.ts'
import type { EventPage, EventSource, ReadEvents } from '../monitor/event-source.ts'

/** A source without events, and how the contract fills it. */
export interface EventSourceUnderTest {
  readonly source: EventSource
  /** What it can hold: one kind or both. */
  readonly kinds: readonly AccountEvent['kind'][]
  /** Commits events, in this order. */
  add(this: void, events: readonly AccountEvent[]): Promise<void>
  /** Resolves when all that was committed before the call can be read. */
  settle(this: void): Promise<void>
  /**
   * Writes events in a transaction that stays open until the returned function commits it. Left out
   * where the source has only one connection.
   */
  begin?(this: void, events: readonly AccountEvent[]): Promise<() => Promise<void>>
}

/** Makes a source that holds no events. */
export type CreateEventSource = () => Promise<EventSourceUnderTest>

/** One thing that every {@link EventSource} does. */
export interface EventSourceContractCase {
  readonly name: string
  /** Whether it needs `begin`. */
  readonly needsTransactions: boolean
  /**
   * @param create makes a source for this case alone
   * @throws AssertionError when the source does not do it
   */
  run(this: void, create: CreateEventSource): Promise<void>
}

/**
 * What every implementation of `EventSource` does, as data: run each case with any test runner.
 *
 * @example
 * ```ts
 * import { createMemoryEventSource } from '@assay/detectors'
 * import { eventSourceContract } from '@assay/detectors/testing'
 *
 * for (const { run } of eventSourceContract) {
 *   await run(async () => {
 *     const source = createMemoryEventSource()
 *     return {
 *       source,
 *       kinds: ['transaction', 'scan'],
 *       add: async (events) => source.add(events),
 *       settle: async () => {},
 *       begin: async (events) => {
 *         const transaction = source.begin()
 *         transaction.add(events)
 *         return async () => transaction.commit()
 *       },
 *     }
 *   })
 * }
 * ```
 */
export const eventSourceContract: readonly EventSourceContractCase[] = [
  {
    name: 'has an empty last page when there is nothing',
    needsTransactions: false,
    async run(create) {
      const { source } = await create()
      const page = await readPage(source)
      assert.deepEqual([...page.rows], [])
      assert.equal(page.cursor, null)
      assert.equal(page.isLast, true)
    },
  },
  {
    name: 'hands out each field as it came in',
    needsTransactions: false,
    async run(create) {
      const { source, kinds, add, settle } = await create()
      const rows = eventsOf(kinds, 6).map((event, index) => (index < 4 ? inFull(event) : event))
      await add(rows)
      await settle()
      assert.deepEqual(await readAll(source), rows)
    },
  },
  {
    name: 'hands out every event once, in the order of commit, whatever the size of a page',
    needsTransactions: false,
    async run(create) {
      const { source, kinds, add, settle } = await create()
      const events = eventsOf(kinds, 23)
      await add(events.slice(0, 9))
      await add(events.slice(9))
      await settle()
      for (const limit of [1, 2, 7, 23, 100]) {
        assert.deepEqual(namesOf(await readAll(source, { limit })), namesOf(events))
      }
    },
  },
  {
    name: 'goes on where a cursor points, and stays there while nothing comes',
    needsTransactions: false,
    async run(create) {
      const { source, kinds, add, settle } = await create()
      const events = eventsOf(kinds, 12)
      await add(events.slice(0, 5))
      await settle()
      const first = await readPage(source)
      assert.equal(first.isLast, true)
      const nothing = await readPage(source, { after: first.cursor })
      assert.deepEqual([...nothing.rows], [])
      assert.equal(nothing.cursor, first.cursor)

      await add(events.slice(5))
      await settle()
      const rest = await readAll(source, { after: nothing.cursor, limit: 3 })
      assert.deepEqual(namesOf(rest), namesOf(events.slice(5)))
      assert.deepEqual(namesOf(await readAll(source)), namesOf(events))
    },
  },
  {
    name: 'puts each account in the partition that partitionOf says',
    needsTransactions: false,
    async run(create) {
      const { source, kinds, add, settle } = await create()
      const accountIds = ['card-1', 'card-2', 'ä', '€ 5', '😀', '\u{10ffff}x', 'a b', '0', 'Z']
      const events = accountIds.flatMap((accountId) => eventsOf(kinds, 4, accountId))
      await add(events)
      await settle()
      for (const partitions of [1, 2, 3, 8]) {
        for (let partition = 0; partition < partitions; partition += 1) {
          const read = await readAll(source, { partition, partitions, limit: 3 })
          const own = events.filter((event) => isIn({ partition, partitions }, event))
          assert.deepEqual(namesOf(read), namesOf(own))
        }
      }
    },
  },
  {
    name: 'passes over events of other partitions for good',
    needsTransactions: false,
    async run(create) {
      const { source, kinds, add, settle } = await create()
      await add(eventsOf(kinds, 6))
      await settle()
      const partition = 1 - partitionOf('account', 2)
      const page = await readPage(source, { partition, partitions: 2 })
      assert.deepEqual([...page.rows], [])
      assert.equal(page.isLast, true)
      const all = await readAll(source, { after: page.cursor })
      assert.deepEqual(namesOf(all), [])
    },
  },
  {
    name: 'reads what accounts have up to a cursor, each whole, as many as fit',
    needsTransactions: false,
    async run(create) {
      const { source, kinds, add, settle } = await create()
      const events = eventsOf(kinds, 6)
      await add([...events.slice(0, 4), ...eventsOf(kinds, 3, 'another')])
      await settle()
      const { cursor } = await readPage(source)
      assert.ok(cursor !== null)
      await add(events.slice(4))
      await settle()

      const readWithin = async (limit: number, accountIds: readonly string[]) => {
        const histories = await source.readAccounts({ accountIds, upTo: cursor, limit })
        return histories.map(({ accountId, rows }) => [accountId, namesOf(rows.map(parsed))])
      }
      const first = ['account', namesOf(events.slice(0, 4))]
      const second = ['another', namesOf(eventsOf(kinds, 3, 'another'))]
      assert.deepEqual(await readWithin(4, ['account']), [first])
      assert.deepEqual(await readWithin(3, ['account']), [])
      assert.deepEqual(await readWithin(3, ['account', 'another']), [])
      assert.deepEqual(await readWithin(6, ['account', 'another']), [first])
      assert.deepEqual(await readWithin(7, ['another', 'account']), [second, first])
      assert.deepEqual(await readWithin(4, ['nobody', 'account', 'another']), [
        ['nobody', []],
        first,
      ])
      assert.deepEqual(await readWithin(4, []), [])
    },
  },
  {
    name: 'is complete up to the time of a read once all that began before has ended',
    needsTransactions: false,
    async run(create) {
      const { source, kinds, add, settle } = await create()
      const first = await readPage(source, { now: 1_000 })
      assert.ok(first.completeUpTo <= 1_000)
      await add(eventsOf(kinds, 2))
      await settle()
      const second = await readPage(source, { now: 2_000 })
      assert.equal(second.rows.length, 2)
      assert.ok(second.completeUpTo >= 1_000 && second.completeUpTo <= 2_000)
    },
  },
  {
    name: 'tells who watches that there is news, until they watch no more',
    needsTransactions: false,
    async run(create) {
      const { source, kinds, add } = await create()
      if (source.watch === undefined) return
      const events = eventsOf(kinds, 3)
      let told = 0
      const news = Promise.withResolvers<void>()
      const end = await source.watch(() => {
        told += 1
        news.resolve()
      })
      await add(events.slice(0, 1))
      await news.promise
      await end()
      const before = told
      await nextNews(source, () => add(events.slice(1)))
      assert.equal(told, before)
    },
  },
  {
    name: 'shows no event of a transaction that is open, and every one once it commits',
    needsTransactions: true,
    async run(create) {
      const { source, kinds, add, settle, begin } = await create()
      assert.ok(begin !== undefined)
      const events = eventsOf(kinds, 9)
      const read: AccountEvent[] = []
      let cursor: string | null = null
      const readOn = async (): Promise<void> => {
        for (;;) {
          const page = await readPage(source, { after: cursor, limit: 2 })
          read.push(...page.rows.map(parsed))
          cursor = page.cursor
          if (page.isLast) return
        }
      }
      // The one that began first ends last, after others were read or could have been.
      const commitFirst = await begin(events.slice(0, 2))
      await add(events.slice(2, 4))
      await readOn()
      const commitSecond = await begin(events.slice(4, 6))
      await commitSecond()
      await readOn()
      assert.ok(!namesOf(read).includes(namesOf(events)[0]!))
      await commitFirst()
      await add(events.slice(6))
      await settle()
      await readOn()
      assert.deepEqual(namesOf(read).toSorted(), namesOf(events).toSorted())
      assert.deepEqual(namesOf(await readAll(source)), namesOf(read))
    },
  },
  {
    name: 'is not complete up to a moment at which a transaction was open',
    needsTransactions: true,
    async run(create) {
      const { source, kinds, settle, begin } = await create()
      assert.ok(begin !== undefined)
      await readPage(source, { now: 1_000 })
      await settle()
      const before = await readPage(source, { now: 2_000 })
      assert.ok(before.completeUpTo >= 1_000)

      const commit = await begin(eventsOf(kinds, 1))
      try {
        const during = await readPage(source, { now: 3_000 })
        assert.ok(during.completeUpTo <= 2_000)
        assert.ok((await readPage(source, { now: 4_000 })).completeUpTo <= 2_000)
      } finally {
        await commit()
      }
      await settle()
      const after = await readPage(source, { now: 5_000 })
      assert.equal(after.rows.length, 1)
      assert.ok(after.completeUpTo >= 4_000)
    },
  },
]

const EVERYTHING: ReadEvents = {
  partition: 0,
  partitions: 1,
  after: null,
  limit: 1_000,
  now: 1_749_895_200_000,
}

function readPage(source: EventSource, request: Partial<ReadEvents> = {}): Promise<EventPage> {
  return source.read({ ...EVERYTHING, ...request })
}

async function readAll(
  source: EventSource,
  request: Partial<ReadEvents> = {},
): Promise<AccountEvent[]> {
  const read: AccountEvent[] = []
  let { after } = { ...EVERYTHING, ...request }
  for (;;) {
    const page = await readPage(source, { ...request, after })
    assert.ok(page.rows.length <= (request.limit ?? EVERYTHING.limit))
    read.push(...page.rows.map(parsed))
    if (page.isLast) return read
    assert.notEqual(page.cursor, after)
    after = page.cursor
  }
}

/** Resolves when a watch that begins now is told of what `change` does. */
async function nextNews(source: EventSource, change: () => Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = await source.watch?.(resolve)
  await change()
  await promise
  await end?.()
}

/** Of one account, the kinds by turns. */
function eventsOf(
  kinds: readonly AccountEvent['kind'][],
  count: number,
  accountId = 'account',
): AccountEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const kind = kinds[index % kinds.length]
    const eventTime = 1_749_895_200_000 + index
    const event: AccountEventInput =
      kind === 'scan'
        ? { kind, scanId: `scan-${index}`, accountId, eventTime }
        : {
            kind: 'transaction',
            transactionId: `tx-${index}`,
            accountId,
            status: index % 3 === 0 ? 'failed' : 'completed',
            amountMinor: 100n,
            currency: 'EUR',
            eventTime,
          }
    return parsed(event)
  })
}

/** The same event, with a value in each field that may be missing. */
function inFull(event: AccountEvent): AccountEvent {
  if (event.kind === 'scan') return { ...event, terminalId: 'bar 3' }
  return parsed({
    ...event,
    sequence: 2n ** 63n - 1n,
    amountMinor: -(10n ** 77n),
    balanceBeforeMinor: 10n ** 77n,
    balanceAfterMinor: 0n,
    requestId: 'request',
    reversesTransactionId: 'tx-0',
    processingMs: 250,
  })
}

function parsed(row: unknown): AccountEvent {
  const result = parseAccountEvent(row)
  if (result.ok) return result.row
  throw new assert.AssertionError({ message: `An event does not parse: ${result.reason}` })
}

function isIn(
  { partition, partitions }: Pick<ReadEvents, 'partition' | 'partitions'>,
  { accountId }: AccountEvent,
): boolean {
  return partitionOf(accountId, partitions) === partition
}

function namesOf(events: readonly AccountEvent[]): string[] {
  return events.map((event) => `${event.accountId} ${idOfEvent(event)}`)
}
