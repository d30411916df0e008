import { beforeAll, describe, expect, test } from 'vitest'

import { parseAccountEvent } from '../../detector/account-event.ts'
import { parseAccountBalance } from '../../ledger/ledger-entry.ts'
import type { FestivalSimulationOptions } from './festival-plan.ts'
import { createFestivalSimulation, type SimulatedDay } from './festival-simulation.ts'
import { SIMULATED_RULE_IDS } from './festival-truth.ts'
import type { FestivalDelivery } from './live-day.ts'
import type { SimulatedTransaction } from './visit.ts'

function dayOf(options: FestivalSimulationOptions): SimulatedDay {
  const [day] = createFestivalSimulation(options).days()
  return day!
}

describe('a simulated festival', () => {
  const day = dayOf({ seed: 11, participants: 1_000, nearMissRate: 0.05 })
  let deliveries: readonly FestivalDelivery[]
  let transactions: readonly SimulatedTransaction[]
  beforeAll(() => {
    deliveries = [...day.deliveries()]
    transactions = deliveries.flatMap(({ row }) => (row.kind === 'transaction' ? [row] : []))
  })

  test('is the same for the same seed, and another for another', () => {
    const again = dayOf({ seed: 11, participants: 1_000, nearMissRate: 0.05 })
    expect([...again.deliveries()]).toEqual(deliveries)
    expect(again.faults()).toEqual(day.faults())
    expect(again.balances()).toEqual(day.balances())
    const other = dayOf({ seed: 12, participants: 1_000, nearMissRate: 0.05 })
    expect([...other.deliveries()]).not.toEqual(deliveries)
  })

  test('knows the truth of a day that nobody has watched', () => {
    const unwatched = dayOf({ seed: 11, participants: 1_000, nearMissRate: 0.05 })
    expect(unwatched.lookalikes()).toEqual(day.lookalikes())
    expect(unwatched.outages()).toEqual(day.outages())
  })

  test('hands out rows that parse, in the order of arrival', () => {
    expect(deliveries.every(({ row }) => parseAccountEvent(row).ok)).toBe(true)
    expect(day.balances().every((balance) => parseAccountBalance(balance).ok)).toBe(true)
    const times = deliveries.map(({ deliveredAt }) => deliveredAt)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  test('holds every kind of row', () => {
    const kinds = new Set(transactions.map(({ type, status }) => `${type} ${status}`))
    expect([...kinds].toSorted()).toEqual([
      'payment cancelled',
      'payment completed',
      'payment failed',
      'payment pending',
      'refund completed',
      'top-up completed',
    ])
    const decided = transactions.filter(({ status }) => status !== 'pending')
    const pending = transactions.filter(({ status }) => status === 'pending')
    const decidedIds = new Set(decided.map(({ transactionId }) => transactionId))
    const later = pending.filter(({ transactionId }) => decidedIds.has(transactionId))
    expect(later.length).toBeGreaterThan(10)
    expect(later.length).toBeLessThan(pending.length)
    expect(transactions.some(({ reversesTransactionId }) => reversesTransactionId !== null)).toBe(
      true,
    )
  })

  test('has requests that are sent more than once', () => {
    const byRequest = Map.groupBy(transactions, ({ requestId }) => requestId)
    const retried = [...byRequest.values()].filter(
      (rows) => new Set(rows.map(({ transactionId }) => transactionId)).size > 1,
    )
    expect(retried.length).toBeGreaterThan(10)
  })

  test('delivers out of order, late and twice', () => {
    const names = deliveries.map(({ row }) =>
      row.kind === 'scan' ? row.scanId : `${row.transactionId} ${row.status}`,
    )
    expect(names.length - new Set(names).size).toBeGreaterThan(20)
    const delays = deliveries.map(({ deliveredAt, row }) => deliveredAt - row.eventTime)
    // A terminal whose clock is ahead, one that was offline for a moment, and one for minutes.
    expect(Math.min(...delays)).toBeLessThan(0)
    expect(Math.min(...delays)).toBeGreaterThan(-1_500)
    expect(delays.some((delay) => delay > 4_000 && delay < 8_000)).toBe(true)
    expect(delays.some((delay) => delay > 120_000)).toBe(true)
    expect(Math.max(...delays)).toBeLessThan(20 * 60_000)
  })

  test('plants faults of every rule, at events of their accounts', () => {
    const accountOf = new Map(
      deliveries.map(({ row }) => [
        row.kind === 'scan' ? row.scanId : row.transactionId,
        row.accountId,
      ]),
    )
    for (const ruleId of SIMULATED_RULE_IDS) {
      const planted = day.faults().filter((fault) => fault.ruleId === ruleId)
      expect(planted.filter(({ impliedBy }) => impliedBy === null).length).toBeGreaterThan(15)
    }
    for (const { accountId, transactionId } of [...day.faults(), ...day.lookalikes()]) {
      if (transactionId !== null) expect(accountOf.get(transactionId as never)).toBe(accountId)
    }
    const names = day.faults().map((fault) => JSON.stringify(fault))
    expect(new Set(names).size).toBe(names.length)
  })

  test('does not take anything for a fault and for honest at once', () => {
    const faults = new Set(
      day.faults().map(({ ruleId, transactionId }) => `${ruleId} ${transactionId}`),
    )
    const both = day
      .lookalikes()
      .filter(
        ({ ruleId, transactionId }) =>
          transactionId !== null && faults.has(`${ruleId} ${transactionId}`),
      )
    expect(both).toEqual([])
  })

  test('lets far more payments fail in an outage', () => {
    const failedShare = (rows: readonly SimulatedTransaction[]): number =>
      rows.filter(({ status }) => status === 'failed').length / rows.length
    const isOut = ({ eventTime }: SimulatedTransaction): boolean =>
      day.outages().some(({ from, to }) => eventTime >= from && eventTime <= to)
    expect(day.outages()).toHaveLength(2)
    expect(failedShare(transactions.filter(isOut))).toBeGreaterThan(0.2)
    expect(failedShare(transactions.filter((row) => !isOut(row)))).toBeLessThan(0.1)
  })

  test('gives each day cards of its own', () => {
    const days = [...createFestivalSimulation({ seed: 3, days: 2, participants: 20 }).days()]
    const [first, second] = days.map((each) => each.balances().map(({ accountId }) => accountId))
    expect(first).toHaveLength(20)
    expect(first!.filter((accountId) => second!.includes(accountId))).toEqual([])
    expect(days[1]!.opensAt - days[0]!.opensAt).toBe(24 * 60 * 60 * 1_000)
  })

  test('can go without faults', () => {
    const honest = dayOf({ seed: 4, participants: 500, faultRates: {} })
    expect(honest.faults()).toEqual([])
  })

  test.each<Partial<FestivalSimulationOptions>>([
    { seed: 0.5 },
    { days: 0 },
    { participants: 0 },
    { visitsPerCard: 0.5 },
    { nearMissRate: 1.1 },
    { faultRates: { 'balance.negative': Number.NaN } },
    { faultRates: { 'balance.negative': 0.6, 'balance.arithmetic': 0.5 } },
    { outagesPerDay: 17 },
    { offlinePerDay: -1 },
    { clockSkewMs: 5_001 },
    { opensAt: Number.POSITIVE_INFINITY },
  ])('refuses %o', (options) => {
    expect(() => createFestivalSimulation({ seed: 1, ...options })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })
})
