import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { AccountEvent } from '../detector/account-event.ts'
import type { Finding } from '../detector/finding.ts'
import { parseLedgerEvent } from '../detector/parse-ledger-event.ts'
import type { LedgerTransactionInput } from '../ledger/ledger-entry.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { readRows } from '../monitor/read-rows.ts'
import { anyDelivery } from '../testing/any-delivery.ts'
import { findDelivered, findInOrder, pagesOf, sortFindings } from '../testing/deliver-events.ts'
import {
  type BalanceRowConfig,
  type BalanceRowOptions,
  readBalanceRowConfig,
} from './balance-row-config.ts'
import { balanceRowDetector } from './balance-row-detector.ts'
import { detectBalanceDiscrepancies } from './detect-balance-discrepancies.ts'

/** Small amounts, so that some balances add up, some are off by the tolerance, and some are wrong. */
const amount = fc.integer({ min: -2, max: 3 }).map(BigInt)
const rowOf = (currency: fc.Arbitrary<string>) =>
  fc.record({
    account: fc.constantFrom('a', 'b'),
    status: fc.constantFrom(
      'completed' as const,
      'completed' as const,
      'completed' as const,
      'failed' as const,
      'pending' as const,
    ),
    amountMinor: amount,
    balanceBeforeMinor: fc.option(amount, { freq: 8 }),
    balanceAfterMinor: fc.option(amount, { freq: 8 }),
    isTied: fc.constantFrom(false, false, false, true),
    gapMs: fc.nat({ max: 3 }),
    /** Which of the log's transactions it makes good. */
    reverses: fc.option(fc.nat({ max: 12 }), { freq: 1 }),
    isUnreadable: fc.constantFrom(false, false, false, false, false, false, false, true),
    currency,
  })
/** Logs in which event times rise with the sequence. */
const orderedLogs = logsOf(fc.constantFrom('EUR', 'EUR', 'EUR', 'USD'))
const plainLogs = logsOf(fc.constant('EUR'))
const unreadableLogs = logsOf(fc.constant('EUR'), false)
const options: fc.Arbitrary<BalanceRowOptions> = fc.record({
  toleranceMinor: fc.constantFrom(0n, 1n),
  overdraftLimitMinor: fc.constantFrom(0n, 1n),
  keptMax: fc.integer({ min: 2, max: 5 }),
})
/** Logs of one card in which failures take money, and refunds give some of it back. */
const chargedLogs = fc
  .array(
    fc.record({
      what: fc.constantFrom('pay', 'pay', 'fail', 'give-back', 'give-back', 'jump'),
      share: fc.integer({ min: 1, max: 3 }),
      pick: fc.nat(),
    }),
    { maxLength: 30, size: 'max' },
  )
  .map(chargedLog)
const deliveries = anyDelivery(40)
const runs = { numRuns: 1_000 }

describe('the rules on balances, transaction by transaction', () => {
  test('find what the audit finds, word for word, in any log in the order of booking', async () => {
    await fc.assert(
      fc.asyncProperty(orderedLogs, options, async (log, given) => {
        expect(found(log, given)).toEqual(await audited(log, given))
      }),
      runs,
    )
  })

  test('find what the audit finds where neighbours were booked in the opposite order', async () => {
    const swapped = fc
      .record({ log: plainLogs, swaps: fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }) })
      .map(({ log, swaps }) => swapNeighbours(log, swaps))
    await fc.assert(
      fc.asyncProperty(swapped, options, async (log, given) => {
        expect(found(log, given)).toEqual(await audited(log, given))
      }),
      runs,
    )
  })

  test('find what the audit finds in any order of event times when all is kept', async () => {
    const shuffled = plainLogs.chain((log) =>
      fc
        .shuffledSubarray(log, { minLength: log.length })
        .map((rows) => rows.map((each, index) => ({ ...each, eventTime: index }))),
    )
    await fc.assert(
      fc.asyncProperty(shuffled, options, async (log, given) => {
        const kept = { ...given, keptMax: 100 }
        expect(found(log, kept)).toEqual(await audited(log, kept))
      }),
      runs,
    )
  })

  test('find what the audit finds where rows are set aside that do not parse', async () => {
    await fc.assert(
      fc.asyncProperty(unreadableLogs, options, async (log, given) => {
        expect(found(log, given)).toEqual(await audited(log, given))
      }),
      runs,
    )
  })

  test('find what the audit finds where failures are charged and made good, in whole or in part', async () => {
    await fc.assert(
      fc.asyncProperty(chargedLogs, options, async (log, given) => {
        expect(found(log, given)).toEqual(await audited(log, given))
      }),
      runs,
    )
  })

  test('find the same shuffled within the lateness, in any pages, redelivered, and restarted at every step', () => {
    fc.assert(
      fc.property(orderedLogs, options, deliveries, (log, given, delivery) => {
        const config = readBalanceRowConfig(given)
        const events = eventsOf(log)
        expect(findDelivered(balanceRowDetector, config, pagesOf(events, delivery))).toEqual(
          findInOrder(balanceRowDetector, config, events),
        )
      }),
      runs,
    )
  })

  test('give each transaction one outcome from each rule', () => {
    fc.assert(
      fc.property(orderedLogs, options, (log, given) => {
        for (const [key, events] of Map.groupBy(eventsOf(log), ({ accountId }) => accountId)) {
          const { evaluated, notEvaluable } = balanceRowDetector.step(
            balanceRowDetector.init(key),
            events,
            { watermark: Number.POSITIVE_INFINITY, config: readBalanceRowConfig(given) },
          )
          for (const [ruleId, count] of Object.entries(evaluated)) {
            const passedOver = notEvaluable.filter((each) => each.ruleId === ruleId)
            expect(count + passedOver.length).toBe(events.length)
          }
        }
      }),
    )
  })
})

function nameOf(index: number): string {
  return `tx-${String(index).padStart(2, '0')}`
}

const UNREADABLE = { status: 'settled' as 'completed' }

/** @param readable whether all of it parses */
function logsOf(
  currency: fc.Arbitrary<string>,
  readable = true,
): fc.Arbitrary<LedgerTransactionInput[]> {
  return fc.array(rowOf(currency), { maxLength: 40, size: 'max' }).map((each) => {
    let eventTime = 0
    let sequence = 0
    return each.map(({ account, isTied, gapMs, reverses, isUnreadable, ...rest }, index) => {
      eventTime += gapMs
      if (!isTied) sequence += 1
      // In the order of the log, which decides among those of one sequence whose currency counts.
      const transactionId = nameOf(index)
      const reversesTransactionId = reverses === null ? null : nameOf(reverses)
      const row = { ...rest, transactionId, accountId: account, eventTime, sequence }
      return { ...row, reversesTransactionId, ...(readable || !isUnreadable ? {} : UNREADABLE) }
    })
  })
}

function chargedLog(
  steps: readonly { readonly what: string; readonly share: number; readonly pick: number }[],
): LedgerTransactionInput[] {
  const failed: string[] = []
  let balanceMinor = 1_000n
  return steps.map(({ what, share, pick }, index) => {
    const isGiven = what === 'give-back'
    const amountMinor = BigInt(isGiven ? share * 5 : share * -10)
    const transactionId = nameOf(index)
    const balanceBeforeMinor = what === 'jump' ? balanceMinor - 10n : balanceMinor
    balanceMinor = balanceBeforeMinor + amountMinor
    const reversesTransactionId = isGiven ? (failed[pick % failed.length] ?? null) : null
    if (what === 'fail') failed.push(transactionId)
    return {
      transactionId,
      accountId: 'a',
      status: what === 'fail' ? 'failed' : 'completed',
      amountMinor,
      balanceBeforeMinor,
      balanceAfterMinor: balanceMinor,
      currency: 'EUR',
      eventTime: index,
      sequence: index,
      reversesTransactionId,
    }
  })
}

/** Exchanges the event times of neighbours in an account, each with one other at most. */
function swapNeighbours(
  log: readonly LedgerTransactionInput[],
  swaps: readonly boolean[],
): LedgerTransactionInput[] {
  return [...Map.groupBy(log, ({ accountId }) => accountId).values()].flatMap((ofAccount) => {
    const rows = ofAccount.map((each, index) => ({ ...each, eventTime: index }))
    for (let index = 0; index + 1 < rows.length; index += 1) {
      if (swaps[index % swaps.length] !== true) continue
      rows[index] = { ...rows[index]!, eventTime: index + 1 }
      rows[index + 1] = { ...rows[index + 1]!, eventTime: index }
      index += 1
    }
    return rows
  })
}

/** What is open in the end. */
function found(log: readonly LedgerTransactionInput[], given: BalanceRowOptions): Finding[] {
  const config = readBalanceRowConfig(given)
  const findings = judgeWithLeftOut(log, config)
  return [...Map.groupBy(findings, ({ fingerprint }) => fingerprint).values()].flatMap((all) => {
    const last = all.at(-1)!
    return last.action === 'resolve' ? [] : [{ ...last, action: 'open' }]
  })
}

/** Each account at once, with its rows that do not parse. */
function judgeWithLeftOut(
  log: readonly LedgerTransactionInput[],
  config: BalanceRowConfig,
): Finding[] {
  const rows = log.map((row) => ({ ...row, kind: 'transaction' }))
  const findings = [...Map.groupBy(rows, ({ accountId }) => accountId)].flatMap(([key, ofKey]) => {
    const { events, leftOut } = readRows('ledger', ofKey, Number.MAX_SAFE_INTEGER)
    const context = { watermark: Number.POSITIVE_INFINITY, config, leftOut }
    return balanceRowDetector.step(balanceRowDetector.init(key), events, context).findings
  })
  return sortFindings(findings)
}

async function audited(
  log: readonly LedgerTransactionInput[],
  { toleranceMinor, overdraftLimitMinor }: BalanceRowOptions,
): Promise<Finding[]> {
  const ledger = createMemoryLedgerRepository({ transactions: log })
  const { findings } = await detectBalanceDiscrepancies(
    { ledger },
    { toleranceMinor, overdraftLimitMinor: overdraftLimitMinor as bigint },
  )
  return sortFindings(findings)
}

function eventsOf(log: readonly LedgerTransactionInput[]): AccountEvent[] {
  return log.flatMap((each) => {
    const parsed = parseLedgerEvent({ ...each, kind: 'transaction' })
    return parsed.ok && parsed.row !== null ? [parsed.row] : []
  })
}
