import { describe, expect, test } from 'vitest'

import type { LedgerEntryInput, LedgerTransactionInput } from '../ledger/ledger-entry.ts'
import type { LedgerRepository } from '../ledger/ledger-repository.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import {
  detectTransactionFailures,
  type DetectTransactionFailuresOptions,
} from './detect-transaction-failures.ts'
import { TRANSACTION_FAILURE_RULE_IDS } from './transaction-failure-rule.ts'

const AT = 1_749_895_200_000

describe('detectTransactionFailures', () => {
  test('runs all four rules over one ledger', async () => {
    const { findings, summary } = await detect([
      row({ id: 'charged', after: 900n }),
      row({ id: 'credited', at: 1, after: 1_100n }),
      row({ id: 'further', at: 2 }),
      ...Array.from({ length: 40 }, (_, n) =>
        row({ id: `ok-${n}`, account: `other-${n}`, at: 3 + n, status: 'completed' }),
      ),
    ])
    expect(findings.map(({ ruleId, action }) => `${action} ${ruleId}`)).toEqual([
      'open transactions.charged-on-failure',
      'open transactions.credited-on-failure',
      'open transactions.consecutive-failures',
      'resolve transactions.consecutive-failures',
      'open transactions.failure-rate',
      'resolve transactions.failure-rate',
    ])
    expect(summary).toMatchObject({ accounts: 41, events: 43, rejected: 0, findings: 6, late: 0 })
    expect(Object.keys(summary.rules)).toEqual(TRANSACTION_FAILURE_RULE_IDS)
    expect(summary.rules['transactions.failure-rate']).toEqual({
      findings: 2,
      evaluated: 4,
      notEvaluable: { 'sample-too-small': 39 },
    })
  })

  test('leaves open what has not ended by the time that is asked for', async () => {
    const rows = [0, 1, 2].map((at) => row({ id: `tx-${at}`, at }))
    const { findings } = await detect(rows, { untilMs: AT + 1_000 })
    expect(findings.map(({ action }) => action)).toEqual(['open'])
  })

  test('sets each rule by its own options, and all by the tenant', async () => {
    const rows = [0, 1].map((at) => row({ id: `tx-${at}`, at }))
    const { findings } = await detect(rows, {
      tenant: 'acme',
      failuresMin: 2,
      failureRate: { sampleMin: 2 },
      untilMs: AT + 1_000,
    })
    expect(findings.map(({ fingerprint }) => fingerprint)).toEqual([
      'transactions.consecutive-failures:acme:card-7:tx-0',
      'transactions.failure-rate:acme:card-7:tx-1',
    ])
  })

  test('asks for accounts with failures alone, unless a rate is to be judged', async () => {
    const asked: unknown[] = []
    const ledger: LedgerRepository = {
      readSnapshot(work, options) {
        asked.push(options)
        return work(noBatches())
      },
    }
    await detectTransactionFailures({ ledger }, { failureRate: false, batchSize: 7 })
    await detectTransactionFailures({ ledger })
    expect(asked).toEqual([
      { batchSize: 7, candidates: { kind: 'failed' } },
      { batchSize: 1_000, candidates: undefined },
    ])
  })

  test('says nothing of the rate where it is left out', async () => {
    const rows = Array.from({ length: 50 }, (_, n) =>
      row({ id: `tx-${n}`, at: n, account: `card-${n}` }),
    )
    const { summary } = await detect(rows, { failureRate: false })
    expect(summary.rules['transactions.failure-rate']).toEqual({
      findings: 0,
      evaluated: 0,
      notEvaluable: {},
    })
  })

  test.each([
    { failuresMin: 1 },
    { failureRate: { sampleMin: 0 } },
    { batchSize: 0 },
  ] satisfies DetectTransactionFailuresOptions[])(
    'refuses options that are out of range: %o',
    async (options) => {
      await expect(detect([], options)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    },
  )
})

function detect(
  transactions: readonly LedgerTransactionInput[],
  options?: DetectTransactionFailuresOptions,
) {
  return detectTransactionFailures(
    { ledger: createMemoryLedgerRepository({ transactions }) },
    options,
  )
}

// oxlint-disable-next-line require-yield -- a ledger in which nothing is
async function* noBatches(): AsyncIterable<readonly LedgerEntryInput[]> {}

function row({
  id,
  at = 0,
  account = 'card-7',
  status = 'failed',
  after = 1_000n,
}: {
  readonly id: string
  readonly at?: number
  readonly account?: string
  readonly status?: LedgerTransactionInput['status']
  readonly after?: bigint
}): LedgerTransactionInput {
  return {
    transactionId: id,
    accountId: account,
    status,
    amountMinor: -450n,
    balanceBeforeMinor: 1_000n,
    balanceAfterMinor: after,
    currency: 'EUR',
    eventTime: AT + at,
  }
}
