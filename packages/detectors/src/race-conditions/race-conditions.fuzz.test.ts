import fc from 'fast-check'
import { expect, test } from 'vitest'

import { type AccountEvent, compareEvents } from '../detector/account-event.ts'
import { parseLedgerEvent } from '../detector/parse-ledger-event.ts'
import type { LedgerTransactionInput } from '../ledger/ledger-entry.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { anyDelivery } from '../testing/any-delivery.ts'
import { findDelivered, findInOrder, pagesOf, sortFindings } from '../testing/deliver-events.ts'
import { detectRaceConditions } from './detect-race-conditions.ts'
import { type RaceConditionOptions, readRaceConditionConfig } from './race-condition-config.ts'
import { raceConditionDetector } from './race-condition-detector.ts'

type Transaction = AccountEvent & { readonly kind: 'transaction' }

const optionSets: fc.Arbitrary<RaceConditionOptions> = fc.record({
  windowMs: fc.integer({ min: 1, max: 30 }),
  farEnd: fc.constantFrom('inclusive', 'exclusive'),
  grouping: fc.constantFrom('neighbours', 'neighbours', 'calendar-seconds'),
})
const logs = fc
  .array(
    fc.record({
      account: fc.constantFrom('a', 'b', 'c'),
      gapMs: fc.oneof(fc.constant(0), fc.nat({ max: 15 })),
      status: fc.constantFrom(
        'completed' as const,
        'completed' as const,
        'failed' as const,
        'pending' as const,
        'cancelled' as const,
      ),
      amountMinor: fc.constantFrom(-1n, 0n, 1n),
      balanceBeforeMinor: fc.constantFrom(null, 0n, 1n, 2n),
      currency: fc.constantFrom('EUR', 'EUR', 'USD'),
      request: fc.option(fc.nat({ max: 5 })),
      processingMs: fc.option(fc.nat({ max: 30 })),
      sequence: fc.option(fc.nat({ max: 9 })),
    }),
    { maxLength: 60, size: 'max' },
  )
  .map((rows) => {
    let eventTime = 800
    return rows.map(({ account, gapMs, request, ...rest }, n): LedgerTransactionInput => {
      eventTime += gapMs
      return {
        ...rest,
        transactionId: `tx-${(n * 7) % 60}`,
        accountId: account,
        eventTime,
        requestId: request === null ? null : `request-${request}`,
      }
    })
  })
const deliveries = anyDelivery(60)
const runs = { numRuns: 500 }

test('races are the requests that are linked by any two close together', () => {
  fc.assert(
    fc.property(logs, optionSets, (log, options) => {
      const config = readRaceConditionConfig(options)
      const found = findInOrder(raceConditionDetector, config, eventsOf(log))
      const byFingerprint = Map.groupBy(found, ({ fingerprint }) => fingerprint)
      const actual = [...byFingerprint].map(([fingerprint, all]) => {
        const { evidence, confidence, subject } = all.at(-1)!
        const { requests, overlaps, sawSameBalance } = evidence
        expect(all.map(({ action }) => action)).toEqual([
          'open',
          ...Array(all.length - 1).fill('update'),
        ])
        return { subject, fingerprint, requests, overlaps, sawSameBalance, confidence }
      })
      const expected = modelOf(log, (a, b) =>
        config.grouping === 'neighbours'
          ? Math.abs(a.eventTime - b.eventTime) <= config.reachMs
          : Math.floor(a.eventTime / 1_000) === Math.floor(b.eventTime / 1_000),
      )
      expect(new Set(actual)).toEqual(new Set(expected))
    }),
    runs,
  )
})

test('races are the same shuffled within the lateness, in any pages, redelivered, and restarted at every step', () => {
  fc.assert(
    fc.property(logs, optionSets, deliveries, (log, options, delivery) => {
      const config = readRaceConditionConfig(options)
      const events = eventsOf(log)
      expect(findDelivered(raceConditionDetector, config, pagesOf(events, delivery))).toEqual(
        findInOrder(raceConditionDetector, config, events),
      )
    }),
    runs,
  )
})

test('races are the same when a function reads a repository in any order and any batches', async () => {
  const shuffled = logs.chain((log) => fc.shuffledSubarray(log, { minLength: log.length }))
  await fc.assert(
    fc.asyncProperty(
      shuffled,
      optionSets,
      fc.integer({ min: 1, max: 20 }),
      async (log, options, batchSize) => {
        const ledger = createMemoryLedgerRepository({ transactions: [...log, ...log.slice(0, 5)] })
        const { findings } = await detectRaceConditions(
          { ledger },
          { ...options, tenant: 'acme', batchSize },
        )
        const config = readRaceConditionConfig({ ...options, tenant: 'acme' })
        expect(sortFindings(findings)).toEqual(
          findInOrder(raceConditionDetector, config, eventsOf(log)),
        )
      },
    ),
  )
})

/** What is found in the end, by asking of any two transactions of an account. */
function modelOf(
  log: readonly LedgerTransactionInput[],
  isClose: (a: Transaction, b: Transaction) => boolean,
): object[] {
  const counted = eventsOf(log).filter(
    ({ status }) => status === 'completed' || status === 'failed',
  )
  return groupsOf(counted, isClose).flatMap((group) => {
    const other = group.findIndex((each) => requestOf(each) !== requestOf(group[0]!))
    if (other === -1) return []
    const race = group.slice(other - 1)
    const pairs = race.flatMap((a, index) =>
      race
        .slice(index + 1)
        .flatMap((b) => (requestOf(a) === requestOf(b) ? [] : [[a, b] as const])),
    )
    const overlaps = pairs.some(([a, b]) => b.eventTime <= a.eventTime + (a.processingMs ?? 0))
    const sawSameBalance = pairs.some(
      ([a, b]) =>
        a.balanceBeforeMinor !== null &&
        a.balanceBeforeMinor === b.balanceBeforeMinor &&
        a.currency === b.currency &&
        hasMoved(a) &&
        (a.eventTime < b.eventTime || hasMoved(b)),
    )
    const doubt = 0.4 * (overlaps ? 1 / 2 : 1) * (sawSameBalance ? 1 / 4 : 1)
    const { accountId, transactionId } = race[0]!
    return [
      {
        subject: accountId,
        fingerprint: `transactions.concurrent-requests::${accountId}:${transactionId}`,
        requests: new Set(race.map(requestOf)).size,
        overlaps,
        sawSameBalance,
        confidence: 1 - doubt,
      },
    ]
  })
}

function groupsOf(
  transactions: readonly Transaction[],
  isClose: (a: Transaction, b: Transaction) => boolean,
): Transaction[][] {
  let groups: Transaction[][] = []
  for (const each of transactions) {
    const linked = groups.filter((group) =>
      group.some((other) => other.accountId === each.accountId && isClose(other, each)),
    )
    groups = groups.filter((group) => !linked.includes(group))
    groups.push([...linked.flat(), each].sort(compareEvents))
  }
  return groups
}

function requestOf({ requestId, transactionId }: Transaction): string {
  return requestId ?? `of ${transactionId}`
}

function hasMoved({ status, amountMinor }: Transaction): boolean {
  return status === 'completed' && amountMinor !== 0n
}

function eventsOf(log: readonly LedgerTransactionInput[]): Transaction[] {
  return log.flatMap((row) => {
    const parsed = parseLedgerEvent({ ...row, kind: 'transaction' })
    return parsed.ok && parsed.row?.kind === 'transaction' ? [parsed.row] : []
  })
}
