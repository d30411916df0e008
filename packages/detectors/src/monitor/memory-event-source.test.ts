import { expect, test } from 'vitest'

import type { AccountEventInput } from '../detector/account-event.ts'
import { eventSourceContract } from '../testing/event-source-contract.ts'
import { createMemoryEventSource } from './memory-event-source.ts'

test.each(eventSourceContract)('contract: $name', async ({ run }) => {
  const result = run(async () => {
    const source = createMemoryEventSource()
    return {
      source,
      kinds: ['transaction', 'scan'],
      add: async (events) => source.add(events),
      settle: async () => {},
      begin: async (events) => {
        const transaction = source.begin()
        transaction.add(events)
        return async () => transaction.commit()
      },
    }
  })
  await expect(result).resolves.toBeUndefined()
})

const everything = { partition: 0, partitions: 1, after: null, limit: 10, now: 5_000 }
const scan: AccountEventInput = { kind: 'scan', scanId: 's-1', accountId: 'card', eventTime: 0 }

test('hands out again what is added again', async () => {
  const source = createMemoryEventSource()
  source.add([scan])
  source.add([scan])
  expect((await source.read(everything)).rows).toEqual([scan, scan])
})

test('hands out what does not parse, once, in the partition of the empty name', async () => {
  const source = createMemoryEventSource()
  const malformed = [null, { kind: 'scan', accountId: 7 }] as unknown as AccountEventInput[]
  source.add(malformed)
  const pages = await Promise.all(
    [0, 1, 2].map((partition) => source.read({ ...everything, partition, partitions: 3 })),
  )
  expect(pages.flatMap(({ rows }) => rows)).toEqual(malformed)
})

test('commits a transaction once', async () => {
  const source = createMemoryEventSource()
  const transaction = source.begin()
  transaction.add([scan])
  transaction.commit()
  transaction.commit()
  expect((await source.read(everything)).rows).toEqual([scan])
})

test.each(['', '0', '-1', '1.5', 'x'])('refuses %o as a cursor', async (after) => {
  const refused = createMemoryEventSource().read({ ...everything, after })
  await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTION' })
})

test('reads nothing for whoever has given up', async () => {
  const read = createMemoryEventSource().read({
    ...everything,
    signal: AbortSignal.abort('enough'),
  })
  await expect(read).rejects.toBe('enough')
})
