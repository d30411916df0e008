import { describe, expect, test } from 'vitest'

import { parseAccountBalance, parseLedgerEntry, parseLedgerTransaction } from './ledger-entry.ts'

const transaction = {
  transactionId: 'tx-1',
  accountId: 'card-7',
  status: 'completed',
  amountMinor: '-450',
  currency: 'EUR',
  eventTime: 1_749_895_200_000,
}
const balance = {
  accountId: 'card-7',
  currency: 'EUR',
  balanceMinor: '1550',
  checkpointMinor: 2_000n,
  eventTime: 1_749_895_200_000,
}

describe('a transaction', () => {
  test('may leave out what its source does not know', () => {
    expect(parseLedgerTransaction(transaction)).toEqual({
      ok: true,
      row: {
        ...transaction,
        amountMinor: -450n,
        balanceBeforeMinor: null,
        balanceAfterMinor: null,
        sequence: null,
        requestId: null,
        reversesTransactionId: null,
        processingMs: null,
      },
    })
  })

  test('holds any 256-bit integer, as a bigint or as digits', () => {
    for (const value of [2n ** 256n - 1n, -(2n ** 255n)]) {
      for (const amountMinor of [value, String(value)]) {
        const parsed = parseLedgerTransaction({ ...transaction, amountMinor })
        expect(parsed).toMatchObject({ ok: true, row: { amountMinor: value } })
      }
    }
  })

  test.each([
    10n ** 78n,
    -(10n ** 78n),
    '1'.repeat(79),
    '',
    ' 1',
    '+1',
    '1.0',
    '0x10',
    '１',
    1,
    -0,
    null,
  ])('refuses %o as an amount', (amountMinor) => {
    const parsed = parseLedgerTransaction({ ...transaction, amountMinor })
    expect(parsed).toMatchObject({ ok: false, reason: expect.stringMatching(/^amountMinor: /) })
  })

  test.each([
    [7, 7n],
    ['007', 7n],
    [2n ** 63n - 1n, 2n ** 63n - 1n],
  ])('reads %o as a sequence', (sequence, expected) => {
    const parsed = parseLedgerTransaction({ ...transaction, sequence })
    expect(parsed).toMatchObject({ ok: true, row: { sequence: expected } })
  })

  test.each([2n ** 63n, -1, 0.5, 2 ** 53, Number.NaN, 'x', '9223372036854775808', {}])(
    'refuses %o as a sequence',
    (sequence) => {
      const parsed = parseLedgerTransaction({ ...transaction, sequence })
      expect(parsed).toMatchObject({ ok: false, reason: expect.stringMatching(/^sequence: /) })
    },
  )

  test.each(['', 'x'.repeat(256), 'a\nb', 'a\u0000', '\ud800', 7])(
    'refuses %o as a name',
    (name) => {
      expect(parseLedgerTransaction({ ...transaction, transactionId: name }).ok).toBe(false)
      expect(parseLedgerTransaction({ ...transaction, accountId: name }).ok).toBe(false)
      expect(parseLedgerTransaction({ ...transaction, requestId: name }).ok).toBe(false)
      expect(parseLedgerTransaction({ ...transaction, reversesTransactionId: name }).ok).toBe(false)
    },
  )

  test.each([-1, 0.5, '250', Number.NaN])('refuses %o as a time of processing', (processingMs) => {
    const parsed = parseLedgerTransaction({ ...transaction, processingMs })
    expect(parsed).toMatchObject({ ok: false, reason: expect.stringMatching(/^processingMs: /) })
  })

  test('is refused with every field that is wrong, and without their values', () => {
    const secret = 'card number 4111 1111'
    const parsed = parseLedgerTransaction({ ...transaction, status: secret, currency: secret })
    expect(parsed).toEqual({ ok: false, reason: expect.stringMatching(/^status: .+; currency: /) })
    expect(JSON.stringify(parsed)).not.toContain('4111')
  })
})

describe('a balance', () => {
  test('has no overdraft unless it says so', () => {
    expect(parseAccountBalance(balance)).toEqual({
      ok: true,
      row: {
        ...balance,
        balanceMinor: 1_550n,
        checkpointMinor: 2_000n,
        overdraftLimitMinor: 0n,
      },
    })
  })

  test('is refused with an overdraft below 0', () => {
    const parsed = parseAccountBalance({ ...balance, overdraftLimitMinor: -1n })
    expect(parsed).toEqual({ ok: false, reason: 'overdraftLimitMinor: must be at least 0' })
  })
})

test('an entry is what its kind says', () => {
  expect(parseLedgerEntry({ ...balance, kind: 'balance' }).ok).toBe(true)
  expect(parseLedgerEntry({ ...transaction, kind: 'transaction' }).ok).toBe(true)
  expect(parseLedgerEntry({ ...transaction, kind: 'balance' }).ok).toBe(false)
  expect(parseLedgerEntry(transaction).ok).toBe(false)
})
