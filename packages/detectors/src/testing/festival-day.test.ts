import { describe, expect, test } from 'vitest'

import type { BalanceRuleId } from '../balance-discrepancies/balance-rule.ts'
import {
  type BalanceReport,
  detectBalanceDiscrepancies,
} from '../balance-discrepancies/detect-balance-discrepancies.ts'
import { parseAccountBalance, parseLedgerTransaction } from '../ledger/ledger-entry.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { createFestivalDay, type FestivalDay, type FestivalDayOptions } from './festival-day.ts'
import { compareWithPlanted } from './planted-fault.ts'

describe('a festival day', () => {
  test('is the same for the same seed, and another for another', () => {
    const [first, second, other] = [1, 1, 2].map((seed) => createFestivalDay({ seed }))
    expect([...second!.transactions()]).toEqual([...first!.transactions()])
    expect([...first!.transactions()]).toEqual([...first!.transactions()])
    expect(second!.balances()).toEqual(first!.balances())
    expect(second!.planted()).toEqual(first!.planted())
    expect([...other!.transactions()]).not.toEqual([...first!.transactions()])
  })

  test('has as many transactions and cards as it is told to', () => {
    const day = createFestivalDay({ seed: 3, participants: 7, transactions: 50 })
    expect([...day.transactions()]).toHaveLength(50)
    expect(day.balances()).toHaveLength(7)
    const quiet = createFestivalDay({ seed: 3, participants: 1, transactions: 0 })
    expect([...quiet.transactions()]).toEqual([])
    expect(quiet.balances()).toHaveLength(1)
  })

  test('holds rows that parse, in the order of time, of every kind', () => {
    const day = createFestivalDay({ seed: 4, opensAt: 1_000_000 })
    const rows = [...day.transactions()]
    const types = new Set(rows.map(({ type, status }) => `${type} ${status}`))
    expect([...types].toSorted()).toEqual([
      'payment cancelled',
      'payment completed',
      'payment failed',
      'payment pending',
      'refund completed',
      'top-up completed',
    ])
    expect(rows.every((row) => parseLedgerTransaction(row).ok)).toBe(true)
    expect(day.balances().every((row) => parseAccountBalance(row).ok)).toBe(true)
    expect(rows.every((row, index) => row.eventTime >= (rows[index - 1]?.eventTime ?? 0))).toBe(
      true,
    )
    expect(rows[0]!.eventTime).toBeGreaterThanOrEqual(1_000_000)
    expect(rows.at(-1)!.eventTime).toBeLessThan(1_000_000 + 16 * 60 * 60 * 1_000)
  })

  test('plants each fault at about its rate by default', () => {
    // 20,000 cards with some ten transactions each: nearly every fault finds its place.
    const day = createFestivalDay({ seed: 5, participants: 20_000, transactions: 200_000 })
    const counts = new Map<string, number>()
    for (const { ruleId } of day.planted()) counts.set(ruleId, (counts.get(ruleId) ?? 0) + 1)
    expect(counts.size).toBe(4)
    for (const count of counts.values()) {
      expect(count).toBeGreaterThan(150)
      expect(count).toBeLessThan(250)
    }
  })

  test('can go without faults', async () => {
    const day = createFestivalDay({ seed: 6, faultRates: {}, roundingRate: 1 })
    expect(day.planted()).toEqual([])
    expect((await audit(day)).summary.findings).toBe(0)
  })

  test.each<Omit<FestivalDayOptions, 'seed'>>([
    {},
    { participants: 3, transactions: 1_000, faultRates: allAt(0.25) },
    { participants: 500, faultRates: allAt(0.25), roundingRate: 1 },
    { participants: 5_000, transactions: 2_000, faultRates: allAt(0.25) },
    { participants: 100, faultRates: { 'balance.negative': 1 }, roundingRate: 1 },
    { participants: 100, faultRates: { 'balance.arithmetic': 1 }, roundingRate: 0 },
    { participants: 100, faultRates: { 'balance.continuity': 1 } },
    { participants: 100, faultRates: { 'balance.reconciliation': 1 } },
  ])('plants exactly what the detector finds, with %o', async (options) => {
    for (let seed = 0; seed < 10; seed += 1) {
      const day = createFestivalDay({ ...options, seed })
      const { findings } = await audit(day)
      const { found, missed, unexpected } = compareWithPlanted(day.planted(), findings)
      expect({ seed, missed, unexpected }).toEqual({ seed, missed: [], unexpected: [] })
      expect(found.length).toBeGreaterThan(0)
    }
  })

  test('puts figures that are a cent off on cards without a fault', async () => {
    const day = createFestivalDay({ seed: 8, faultRates: allAt(0.1), roundingRate: 1 })
    const { findings } = await audit(day, 0n)
    const { missed, unexpected } = compareWithPlanted(day.planted(), findings)
    const faulty = new Set(day.planted().map(({ accountId }) => accountId))
    expect(missed).toEqual([])
    expect(unexpected.length).toBeGreaterThan(1_000)
    expect(unexpected.filter(({ subject }) => faulty.has(subject))).toEqual([])
  })

  test.each<Partial<FestivalDayOptions>>([
    { seed: 0.5 },
    { participants: 0 },
    { transactions: -1 },
    { roundingRate: 1.1 },
    { faultRates: { 'balance.negative': -0.1 } },
    { faultRates: { 'balance.negative': Number.NaN } },
    { faultRates: allAt(0.26) },
    { opensAt: Number.POSITIVE_INFINITY },
  ])('refuses %o', (options) => {
    expect(() => createFestivalDay({ seed: 1, ...options })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })
})

function allAt(rate: number): Record<BalanceRuleId, number> {
  return {
    'balance.arithmetic': rate,
    'balance.continuity': rate,
    'balance.reconciliation': rate,
    'balance.negative': rate,
  }
}

function audit(day: FestivalDay, toleranceMinor = 1n): Promise<BalanceReport> {
  const transactions = day.transactions()
  const ledger = createMemoryLedgerRepository({ transactions, balances: day.balances() })
  return detectBalanceDiscrepancies({ ledger }, { toleranceMinor })
}
