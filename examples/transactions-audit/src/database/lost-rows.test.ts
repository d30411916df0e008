import { createMemoryLedgerRepository, detectBalanceDiscrepancies } from '@assay/detectors'
import { describe, expect, it } from 'vitest'

import { createLostRows, type LostRows, withLostRows } from './lost-rows.ts'

/** Each row begins 1.00 above where the one before it ended, as if one were missing between any two. */
const ledger = createMemoryLedgerRepository({
  transactions: ['card-1', 'card-2'].flatMap((accountId) =>
    [10, 20, 30, 40].map((sequence) => ({
      transactionId: `tx-${sequence}`,
      accountId,
      status: 'completed' as const,
      amountMinor: 0n,
      balanceBeforeMinor: BigInt(sequence * 10),
      balanceAfterMinor: BigInt(sequence * 10),
      currency: 'EUR',
      eventTime: 1_749_895_200_000,
      sequence,
    })),
  ),
})

async function found(lost: LostRows): Promise<string[]> {
  const { findings } = await detectBalanceDiscrepancies({ ledger: withLostRows(ledger, lost) })
  return findings.map(({ subject, transactionIds }) => `${subject} ${transactionIds[0]}`)
}

const ALL = ['card-1', 'card-2'].flatMap((card) =>
  ['20', '30', '40'].map((at) => `${card} tx-${at}`),
)

describe('withLostRows', () => {
  it('changes nothing where no row was lost', async () => {
    expect(await found(createLostRows())).toEqual(ALL)
  })

  it('passes over the gap that a lost row explains, and no other', async () => {
    const lost = createLostRows()
    lost.add('card-1', 25n)

    expect(await found(lost)).toEqual(ALL.filter((each) => each !== 'card-1 tx-30'))
  })

  it('passes over both gaps beside a lost row that shares its place with another', async () => {
    const lost = createLostRows()
    lost.add('card-1', 30n)

    expect(await found(lost)).toEqual(ALL.filter((each) => !/card-1 tx-(30|40)/.test(each)))
  })

  it('passes over every gap of an account that lost a row nobody can place', async () => {
    const lost = createLostRows()
    lost.add('card-2', null)

    expect(await found(lost)).toEqual(ALL.filter((each) => each.startsWith('card-1')))
  })

  it('passes over the gaps of every account around rows that may be any account’s', async () => {
    const lost = createLostRows()
    lost.add(null, 12n)
    lost.add(null, 15n)
    lost.add(null, 31n)

    expect(await found(lost)).toEqual(['card-1 tx-30', 'card-2 tx-30'])
  })

  it('passes over every gap when one row may be any account’s and nobody knows its place', async () => {
    const lost = createLostRows()
    lost.add(null, null)

    expect(await found(lost)).toEqual([])
  })

  it('passes over every gap when more rows were lost than it may hold', async () => {
    const lost = createLostRows(1)
    lost.add('card-8', 1n)
    expect(await found(lost)).toEqual(ALL)
    lost.add('card-9', 1n)
    expect(await found(lost)).toEqual([])
  })
})
