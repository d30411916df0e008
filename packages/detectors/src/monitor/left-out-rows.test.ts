import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { AccountEventInput } from '../detector/account-event.ts'
import { createMonitoredLedger, OPENS_AT, payment } from '../testing/monitored-ledger.ts'

/** More than requests that race. */
const APART_MS = 3_000
const CONTINUITY = 'balance.continuity card-7 open'
const CHARGED = 'transactions.charged-on-failure card-7 open'

/** The nth payment of 1.00 from a card that had 100. */
function nth(n: number, more: object = {}): AccountEventInput {
  const row = payment(`tx-${n}`, {
    amountMinor: -100n,
    balanceBeforeMinor: BigInt(10_000 - 100 * (n - 1)),
    balanceAfterMinor: BigInt(10_000 - 100 * n),
    eventTime: OPENS_AT + n * APART_MS,
    sequence: n,
  })
  // As a feed might have it, in any shape.
  return { ...row, ...more }
}

const unreadable = {
  'an unknown status': { status: 'settled' },
  'an amount that is no whole number': { amountMinor: '-100.5' },
  'no moment': { eventTime: 'noon' },
  'no place in the order of booking': { sequence: 'two', status: 'settled' },
  'neither a place nor a kind': { kind: 'payment', sequence: null },
}
const fromTheFuture = { eventTime: OPENS_AT + 7 * 24 * 3_600_000 }

describe('a row that is set aside', () => {
  test.each(Object.entries({ ...unreadable, 'a time to come': fromTheFuture }))(
    'breaks no continuity across it: %s',
    async (_name, fault) => {
      const { clock, source, store, monitor, found } = createMonitoredLedger()
      source.add([nth(1), nth(2, fault), nth(3), nth(4)])
      await clock.advance(60_000)
      await monitor.cycle()
      expect(found()).toEqual([])
      expect(store.setAside().length).toBeGreaterThan(0)
    },
  )

  test('hides no break beside it, where its place is known', async () => {
    const { clock, source, monitor, found } = createMonitoredLedger()
    source.add([nth(1), nth(2, { status: 'settled' }), nth(3), nth(5)])
    await clock.advance(60_000)
    await monitor.cycle()
    expect(found()).toEqual([CONTINUITY])
  })

  test('explains what was found before it was read', async () => {
    const { clock, source, monitor, found } = createMonitoredLedger()
    source.add([nth(1), nth(3), nth(4), nth(5), nth(6)])
    await clock.advance(60_000)
    await monitor.cycle()
    expect(found()).toEqual([CONTINUITY])
    source.add([nth(2, { status: 'settled' })])
    await monitor.cycle()
    expect(found()).toEqual(['balance.continuity card-7 resolve'])
  })

  test('says nothing of other accounts, nor where its own cannot be read', async () => {
    const { clock, source, monitor, found } = createMonitoredLedger()
    const other = { accountId: 'card-8', status: 'settled' }
    source.add([nth(1), nth(2, other), nth(2, { accountId: null }), nth(3)])
    await clock.advance(60_000)
    await monitor.cycle()
    expect(found()).toEqual([CONTINUITY])
  })

  test('moves nothing where it is a scan, or a failure from the future', async () => {
    const { clock, source, monitor, found } = createMonitoredLedger()
    source.add([
      nth(1),
      nth(2, { kind: 'scan', scanId: '' }),
      nth(2, { status: 'failed', ...fromTheFuture }),
      nth(3),
    ])
    await clock.advance(60_000)
    await monitor.cycle()
    expect(found()).toEqual([CONTINUITY])
  })

  const never = [...Object.values(unreadable), fromTheFuture]

  test('makes a monitor find no continuity broken, wherever it stands, in any pages', async () => {
    await fc.assert(
      fc.asyncProperty(logsWith(never), pageSizes, pageSizes, async (...given) => {
        expect(await continuityFound(...given)).toEqual([])
      }),
      runs,
    )
  })

  test('leaves none open once some of them have become due', async () => {
    // Where its neighbours are still kept, the row takes its place between them and ends what was found.
    const isDue = { eventTime: OPENS_AT + 300_000 }
    await fc.assert(
      fc.asyncProperty(logsWith([...never, isDue]), pageSizes, pageSizes, async (...given) => {
        expect(await continuityFound(...given)).not.toContain(CONTINUITY)
      }),
      runs,
    )
  })
})

const runs = { numRuns: 100 }
const pageSizes = fc.integer({ min: 1, max: 9 })

function logsWith(faults: readonly object[]): fc.Arbitrary<readonly AccountEventInput[]> {
  const fault = fc.option(fc.constantFrom(...faults), { freq: 3 })
  return fc
    .array(fault, { minLength: 2, maxLength: 30 })
    .map((planted) => planted.map((each, index) => nth(index + 1, each ?? {})))
}

/** @param together how many rows are committed between two cycles */
async function continuityFound(
  rows: readonly AccountEventInput[],
  batchSize: number,
  together: number,
): Promise<readonly string[]> {
  const { clock, source, monitor, found } = createMonitoredLedger(() => ({ batchSize }))
  for (let from = 0; from < rows.length; from += together) {
    source.add(rows.slice(from, from + together))
    await clock.advance(20_000)
    await monitor.cycle()
  }
  await clock.advance(400_000)
  await monitor.cycle()
  return found().filter((each) => each.startsWith('balance.continuity'))
}

describe('a row from the future', () => {
  const charged = nth(2, { status: 'failed', eventTime: OPENS_AT + 90_000 })
  const late = nth(1, { eventTime: OPENS_AT - 3_600_000, sequence: null })

  test('is judged when its time has come, without any other event', async () => {
    const { clock, source, store, monitor, found } = createMonitoredLedger()
    source.add([charged])
    await clock.advance(20_000)
    await monitor.cycle()
    expect(store.setAside().length).toBeGreaterThan(0)
    await clock.advance(70_000)
    await monitor.cycle()
    expect(found()).toEqual([])
    await clock.advance(11_000)
    await monitor.cycle()
    expect(found()).toEqual([CHARGED])
  })

  test('breaks no continuity when it is judged, however much was booked after it', async () => {
    const { clock, source, monitor, found } = createMonitoredLedger()
    const ahead = nth(2, { eventTime: OPENS_AT + 90_000, balanceAfterMinor: 9_700n })
    source.add([nth(1), ahead, nth(3), nth(4), nth(5)])
    await clock.advance(20_000)
    await monitor.cycle()
    await clock.advance(100_000)
    await monitor.cycle()
    expect(found()).toEqual(['balance.arithmetic card-7 open'])
  })

  test('is judged by a monitor that takes over', async () => {
    const ledger = createMonitoredLedger()
    ledger.source.add([charged])
    await ledger.clock.advance(20_000)
    await ledger.monitor.cycle()
    await ledger.monitor.close()
    await ledger.clock.advance(100_000)
    await ledger.again().cycle()
    expect(ledger.found()).toEqual([CHARGED])
  })

  test.each([20_000, 60_000, 150_000])(
    'is judged no sooner and no later when something comes late after %i ms',
    async (afterMs) => {
      const { clock, source, monitor, found } = createMonitoredLedger()
      source.add([nth(1), charged])
      await clock.advance(20_000)
      await monitor.cycle()
      await clock.advance(afterMs - 20_000)
      source.add([late])
      for (let passed = afterMs; passed <= 200_000; passed += 5_000) {
        await monitor.cycle()
        expect(found()).toEqual(passed <= 100_000 ? [] : [CHARGED])
        await clock.advance(5_000)
      }
    },
  )

  test('leaves a word where its account is too long to be judged anew', async () => {
    const { clock, source, monitor, found } = createMonitoredLedger(() => ({ rejudgedMax: 2 }))
    source.add([nth(1), charged, nth(3, { balanceBeforeMinor: 9_900n })])
    await clock.advance(20_000)
    await monitor.cycle()
    await clock.advance(100_000)
    await monitor.cycle()
    await monitor.cycle()
    expect(found()).toContain('account.not-rejudged card-7 open')
  })
})
