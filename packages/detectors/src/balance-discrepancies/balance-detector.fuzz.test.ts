import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Finding } from '../detector/finding.ts'
import type { AccountBalanceInput, LedgerTransactionInput } from '../ledger/ledger-entry.ts'
import { parseLedgerEntry } from '../ledger/ledger-entry.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { balanceDetector } from './balance-detector.ts'
import type { BalanceConfig, BalanceEvent, BalanceState } from './balance-state.ts'
import { type BalanceReport, detectBalanceDiscrepancies } from './detect-balance-discrepancies.ts'

interface Ledger {
  readonly transactions: readonly LedgerTransactionInput[]
  readonly balances: readonly AccountBalanceInput[]
}

const config: BalanceConfig = {
  toleranceMinor: 1n,
  overdraftLimitMinor: 0n,
  orderProven: false,
  rememberedMax: 1_000,
  reconcilesFrom: 'checkpoint',
  countsRefunds: true,
  tenant: null,
}

const movement = fc.record({
  share: fc.bigInt({ min: -100n, max: 100n }),
  status: fc.constantFrom('completed' as const, 'completed' as const, 'failed' as const),
})
const account = fc.record({
  checkpointMinor: fc.bigInt({ min: 0n, max: 2n ** 70n }),
  movements: fc.array(movement, { maxLength: 12 }),
})
const ledgers = fc.array(account, { minLength: 1, maxLength: 5 }).map(consistentLedger)
/** Never within the tolerance. */
const errors = fc.bigInt({ min: 2n, max: 2n ** 65n })
const batchSizes = fc.integer({ min: 1, max: 20 })

describe('the balance detector', () => {
  test('finds nothing in a ledger that is consistent', async () => {
    await fc.assert(
      fc.asyncProperty(ledgers, batchSizes, async (ledger, batchSize) => {
        const { summary } = await audit(ledger, batchSize)
        expect(summary.findings).toBe(0)
        expect(summary.accounts).toBe(ledger.balances.length)
        expect(summary.rules['balance.reconciliation'].evaluated).toBe(ledger.balances.length)
      }),
    )
  })

  test('finds an error in one row, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(ledgers, fc.nat(), errors, async (ledger, pick, error) => {
        const completed = ledger.transactions.filter(({ status }) => status === 'completed')
        fc.pre(completed.length > 0)
        const wrong = completed[pick % completed.length]!
        const { findings } = await audit(shiftFrom(ledger, wrong, error, 'after'))
        expect(findings.map(locationOf)).toEqual([
          ['balance.arithmetic', wrong.accountId, wrong.transactionId],
        ])
      }),
    )
  })

  test('finds a jump between two rows, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(ledgers, fc.nat(), errors, async (ledger, pick, error) => {
        const followers = ledger.transactions.filter(
          (row, index) =>
            row.status === 'completed' &&
            ledger.transactions
              .slice(0, index)
              .some(
                ({ accountId, status }) => accountId === row.accountId && status === 'completed',
              ),
        )
        fc.pre(followers.length > 0)
        const wrong = followers[pick % followers.length]!
        const { findings } = await audit(shiftFrom(ledger, wrong, error, 'before'))
        expect(findings.map(locationOf)).toEqual([
          ['balance.continuity', wrong.accountId, wrong.transactionId],
        ])
      }),
    )
  })

  test('finds a balance that is wrong as a whole, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(ledgers, fc.nat(), errors, async (ledger, pick, error) => {
        const index = pick % ledger.balances.length
        const balances = ledger.balances.map((row, at) =>
          at === index ? { ...row, balanceMinor: BigInt(row.balanceMinor) + error } : row,
        )
        const { findings } = await audit({ ...ledger, balances })
        expect(findings.map(locationOf)).toEqual([
          ['balance.reconciliation', balances[index]?.accountId, undefined],
        ])
      }),
    )
  })

  test('finds the same in rows that come shuffled, repeated and in any batches', async () => {
    const shuffles = fc
      .record({ ledger: ledgers, pick: fc.nat(), error: errors })
      .chain(({ ledger, pick, error }) => {
        const wrong = ledger.transactions[pick % Math.max(1, ledger.transactions.length)]
        const broken = wrong === undefined ? ledger : shiftFrom(ledger, wrong, error, 'after')
        const twice = [...broken.transactions, ...broken.transactions]
        return fc.record({
          broken: fc.constant(broken),
          shuffled: fc.shuffledSubarray(twice, { minLength: twice.length }),
        })
      })
    await fc.assert(
      fc.asyncProperty(shuffles, batchSizes, async ({ broken, shuffled }, batchSize) => {
        const expected = await audit(broken)
        const actual = await audit({ ...broken, transactions: shuffled }, batchSize)
        expect(sorted(actual.findings)).toEqual(sorted(expected.findings))
      }),
    )
  })

  test('finds nothing in a consistent ledger whose rows share places, in any order, one of them broken', async () => {
    const tied = fc
      .record({ ledger: ledgers, shared: fc.bigInt({ min: 1n, max: 4n }) })
      .chain(({ ledger, shared }) => {
        const rows = ledger.transactions.map((row) =>
          Object.assign({}, row, { sequence: BigInt(row.sequence ?? 0n) / shared }),
        )
        return fc.record({
          balances: fc.constant(ledger.balances),
          transactions: fc.shuffledSubarray(rows, { minLength: rows.length }),
        })
      })
    const faults = fc.constantFrom(
      {},
      { amountMinor: 'ten' },
      { sequence: '2x' },
      { currency: 'USD' },
    )
    await fc.assert(
      fc.asyncProperty(tied, fc.nat(), faults, batchSizes, async (ledger, pick, fault, size) => {
        const at = pick % Math.max(1, ledger.transactions.length)
        const transactions = ledger.transactions.map((row, index) =>
          index === at ? Object.assign({}, row, fault) : row,
        )
        const { findings } = await audit({ ...ledger, transactions }, size)
        expect(findings).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  test('finds the same when it stops and goes on from its state after every event', async () => {
    await fc.assert(
      fc.asyncProperty(ledgers, fc.nat(), errors, async (ledger, pick, error) => {
        const wrong = ledger.transactions[pick % Math.max(1, ledger.transactions.length)]
        const broken = wrong === undefined ? ledger : shiftFrom(ledger, wrong, error, 'before')
        const events = await eventsOf(broken)
        expect(sorted(stepOneByOne(events))).toEqual(sorted((await audit(broken)).findings))
      }),
    )
  })
})

/** Amounts are chosen so that no balance goes below zero. */
function consistentLedger(
  accounts: readonly {
    readonly checkpointMinor: bigint
    readonly movements: readonly {
      readonly share: bigint
      readonly status: 'completed' | 'failed'
    }[]
  }[],
): Ledger {
  const transactions: LedgerTransactionInput[] = []
  const balances = accounts.map(({ checkpointMinor, movements }, number): AccountBalanceInput => {
    const accountId = `account-${number}`
    let held = checkpointMinor
    for (const [index, { share, status }] of movements.entries()) {
      const amountMinor = share < 0n ? (held * share) / 100n : share * 10n ** 15n
      const after = status === 'completed' ? held + amountMinor : held
      transactions.push({
        transactionId: `tx-${index}`,
        accountId,
        status,
        amountMinor,
        balanceBeforeMinor: held,
        balanceAfterMinor: after,
        currency: 'EUR',
        eventTime: index,
        sequence: BigInt(index),
      })
      held = after
    }
    const currency = 'EUR'
    return { accountId, currency, balanceMinor: held, checkpointMinor, eventTime: 0 }
  })
  return { transactions, balances }
}

/** Shifts one balance of a row, and with it all that its account's rows say from there on. */
function shiftFrom(
  ledger: Ledger,
  wrong: LedgerTransactionInput,
  by: bigint,
  which: 'before' | 'after',
): Ledger {
  const shifted = (value: LedgerTransactionInput['balanceAfterMinor']): bigint =>
    BigInt(value ?? 0n) + by
  return {
    ...ledger,
    transactions: ledger.transactions.map((row) => {
      if (row.accountId !== wrong.accountId || row.sequence! < wrong.sequence!) return row
      const balanceAfterMinor = shifted(row.balanceAfterMinor)
      if (row === wrong && which === 'after') return { ...row, balanceAfterMinor }
      return { ...row, balanceBeforeMinor: shifted(row.balanceBeforeMinor), balanceAfterMinor }
    }),
  }
}

function audit(ledger: Ledger, batchSize = 1_000): Promise<BalanceReport> {
  return detectBalanceDiscrepancies({ ledger: createMemoryLedgerRepository(ledger) }, { batchSize })
}

async function eventsOf(ledger: Ledger): Promise<BalanceEvent[]> {
  const rows = await createMemoryLedgerRepository(ledger).readSnapshot(
    async (batches) => {
      for await (const batch of batches) return batch
      return []
    },
    { batchSize: 10_000 },
  )
  const entries = rows.flatMap((row) => {
    const parsed = parseLedgerEntry(row)
    return parsed.ok ? [parsed.row] : []
  })
  const ends = ledger.balances.map(({ accountId }) => ({ kind: 'account-end', accountId }) as const)
  return [...entries, ...ends]
}

function stepOneByOne(events: readonly BalanceEvent[]): Finding[] {
  const states = new Map<string, BalanceState>()
  return events.flatMap((event) => {
    const key = balanceDetector.key(event)
    // As a store would: what comes back is a copy.
    const state = structuredClone(states.get(key)) ?? balanceDetector.init(key)
    const step = balanceDetector.step(state, [event], { config, watermark: 0 })
    states.set(key, step.state)
    return step.findings
  })
}

function locationOf({ ruleId, subject, transactionIds }: Finding): (string | undefined)[] {
  return [ruleId, subject, transactionIds[0]]
}

function sorted(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))
}
