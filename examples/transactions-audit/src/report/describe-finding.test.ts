import { currencyFromCode } from '@assay/core'
import { createMemoryLedgerRepository, detectBalanceDiscrepancies } from '@assay/detectors'
import { describe, expect, it } from 'vitest'

import { describeFinding } from './describe-finding.ts'

describe('describeFinding', () => {
  it('says what each rule found in a sentence, with amounts that people can read', async () => {
    const row = {
      status: 'completed',
      currency: 'EUR',
      eventTime: 1_749_895_200_000,
    } as const
    const ledger = createMemoryLedgerRepository({
      transactions: [
        {
          ...row,
          transactionId: 'tx-1',
          accountId: 'card-1',
          sequence: 1,
          amountMinor: -450n,
          balanceBeforeMinor: 2_000n,
          balanceAfterMinor: 1_500n,
        },
        {
          ...row,
          transactionId: 'tx-2',
          accountId: 'card-1',
          sequence: 2,
          amountMinor: 100n,
          balanceBeforeMinor: 1_400n,
          balanceAfterMinor: 1_600n,
        },
        {
          ...row,
          transactionId: 'tx-3',
          accountId: 'card-1',
          sequence: 3,
          amountMinor: -2_000n,
          balanceBeforeMinor: 1_600n,
          balanceAfterMinor: -400n,
        },
      ],
      balances: [
        {
          accountId: 'card-1',
          currency: 'EUR',
          balanceMinor: 0n,
          checkpointMinor: 2_000n,
          eventTime: row.eventTime,
        },
        {
          accountId: 'card-2',
          currency: 'EUR',
          balanceMinor: -1n,
          checkpointMinor: -1n,
          eventTime: row.eventTime,
        },
      ],
    })
    const { findings } = await detectBalanceDiscrepancies({ ledger })

    expect(findings.map((finding) => describeFinding(finding, currencyFromCode))).toEqual([
      'tx-1 took 4.50 EUR from card-1, which held 20.00 EUR: that leaves 15.50 EUR, but the record says 15.00 EUR.',
      'tx-2 gave 1.00 EUR to card-1, which held 14.00 EUR: that leaves 15.00 EUR, but the record says 16.00 EUR.',
      'tx-1 left card-1 with 15.00 EUR, but its next transaction, tx-2, began with 14.00 EUR.',
      'card-1 went down to -4.00 EUR with tx-3, below its limit of 0.00 EUR.',
      'card-1 holds 0.00 EUR, but its transactions add up to -3.50 EUR.',
      'card-2 went down to -0.01 EUR, below its limit of 0.00 EUR.',
    ])
  })
})
