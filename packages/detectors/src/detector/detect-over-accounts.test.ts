import { describe, expect, test } from 'vitest'

import type { LedgerTransactionInput } from '../ledger/ledger-entry.ts'
import { type ConfiguredDetector, configureDetector } from './combine-detectors.ts'
import {
  detectOverAccounts,
  type DetectionOptions,
  type RejectedRow,
} from './detect-over-accounts.ts'
import { findingFingerprint } from './finding-fingerprint.ts'
import type { Finding } from './finding.ts'
import { inEventOrder, type OrderedRules, passOver } from './in-event-order.ts'
import { parseLedgerEvent } from './parse-ledger-event.ts'

describe('a run of detectors over a repository', () => {
  test('judges each account by itself, in the order of event time, and all together at the end', async () => {
    const rows = [row('a', 3), row('a', 1), row('b', 2), row('b', 0)]
    const { findings, summary } = await detect(rows, [counting('account'), counting('system')])
    expect(findings.map(({ subject, transactionIds }) => [subject, transactionIds.join()])).toEqual(
      [
        ['a', 'tx-1,tx-3'],
        ['b', 'tx-0,tx-2'],
        ['system', 'tx-0,tx-1,tx-2,tx-3'],
      ],
    )
    expect(summary).toEqual({
      accounts: 2,
      events: 4,
      rejected: 0,
      findings: 3,
      late: 0,
      rules: {
        'account.count': { findings: 2, evaluated: 4, notEvaluable: {} },
        'system.count': { findings: 1, evaluated: 4, notEvaluable: {} },
      },
    })
  })

  test('takes an account as one however its rows fall into batches', async () => {
    const rows = ['a', 'a', 'a', 'b', 'b'].map((accountId, at) => row(accountId, at))
    const whole = await detect(rows)
    for (const batchSize of [1, 2, 3, 4]) {
      expect((await detect(rows, undefined, { batchSize })).findings).toEqual(whole.findings)
    }
  })

  test('sets aside what does not parse, shows it, and goes on', async () => {
    const rejected: RejectedRow[] = []
    const broken = { ...row('a', 1), amountMinor: 'ten' }
    const { findings, summary } = await detect([row('a', 0), broken, row('a', 2)], undefined, {
      onRejected: (each) => void rejected.push(each),
    })
    expect(findings[0]?.transactionIds).toEqual(['tx-0', 'tx-2'])
    expect([summary.events, summary.rejected]).toEqual([2, 1])
    expect(rejected).toEqual([{ row: broken, reason: expect.stringContaining('amountMinor') }])
  })

  test('passes over balances, which are no events', async () => {
    const balance = {
      kind: 'balance',
      accountId: 'a',
      currency: 'EUR',
      balanceMinor: 0n,
      checkpointMinor: 0n,
      eventTime: 0,
    }
    const { summary } = await detect([balance, row('b', 0)])
    expect([summary.accounts, summary.events, summary.rejected]).toEqual([1, 1, 0])
  })

  test('leaves out what happened before or after the time that is asked for', async () => {
    const rows = [0, 1, 2, 3, 5].map((at) => row('a', at))
    const { findings, summary } = await detect(rows, undefined, { sinceMs: 1, untilMs: 4 })
    expect(findings[0]?.transactionIds).toEqual(['tx-1', 'tx-2', 'tx-3'])
    expect(summary.events).toBe(3)
  })

  test('lets time pass up to the moment that is asked for, and else without end', async () => {
    expect((await detect([row('a', 0)])).findings[0]?.eventTime).toBe(Number.POSITIVE_INFINITY)
    const until = await detect([row('a', 0)], undefined, { untilMs: 7 })
    expect(until.findings[0]?.eventTime).toBe(7)
  })

  test('counts by reason what a rule could not judge, and a row that comes twice once', async () => {
    const rows = [row('a', 0), row('a', 0), { ...row('a', 1), status: 'pending' }]
    const { summary } = await detect(rows)
    expect(summary.rules['account.count']).toEqual({
      findings: 1,
      evaluated: 1,
      notEvaluable: { repeated: 1, undecided: 1 },
    })
  })

  test('names every rule that it is told of', async () => {
    const { summary } = await detect([], undefined, {}, ['account.count', 'another'])
    expect(Object.keys(summary.rules)).toEqual(['account.count', 'another'])
    expect(summary.rules['another']).toEqual({ findings: 0, evaluated: 0, notEvaluable: {} })
  })

  test('returns the first findings, counts all, and shows all in order', async () => {
    const seen: string[] = []
    const rows = ['a', 'b', 'c'].map((accountId) => row(accountId, 0))
    const { findings, summary } = await detect(rows, undefined, {
      findingsMax: 2,
      onFinding: ({ subject }) => void seen.push(subject),
    })
    expect(findings.map(({ subject }) => subject)).toEqual(['a', 'b'])
    expect(seen).toEqual(['a', 'b', 'c'])
    expect(summary.findings).toBe(3)
  })

  test('waits for whoever sees a finding, and ends with what that throws', async () => {
    const failure = new Error('full')
    const run = detect([row('a', 0)], undefined, { onFinding: () => Promise.reject(failure) })
    await expect(run).rejects.toBe(failure)
  })

  test('tells of its progress after each batch, and ends between two when it is told to', async () => {
    const controller = new AbortController()
    const events: number[] = []
    const run = detect(
      [0, 1, 2].map((at) => row('a', at)),
      undefined,
      {
        batchSize: 1,
        signal: controller.signal,
        onProgress: (progress) => {
          events.push(progress.events)
          if (progress.events === 2) controller.abort(new Error('enough'))
        },
      },
    )
    await expect(run).rejects.toThrow('enough')
    expect(events).toEqual([1, 2])
  })

  test('counts anew when the repository begins its snapshot anew', async () => {
    const { findings, summary } = await detectOverAccounts(
      {
        name: 'detectCounts',
        detectors: [counting('account')],
        read: async (work) => {
          await work(batches([row('a', 0)], 1))
          return work(batches([row('b', 0), row('b', 1)], 1))
        },
        parse: parseLedgerEvent,
      },
      {},
    )
    expect(findings.map(({ subject }) => subject)).toEqual(['b'])
    expect([summary.accounts, summary.events, summary.findings]).toEqual([1, 2, 1])
  })

  test.each([{ batchSize: 0 }, { findingsMax: -1 }, { sinceMs: 0.5 }, { untilMs: Number.NaN }])(
    'refuses options that are out of range: %o',
    async (options) => {
      const error = { code: 'INVALID_OPTION', context: { factory: 'detectCounts' } }
      await expect(detect([], undefined, options)).rejects.toMatchObject(error)
    },
  )
})

function detect(
  rows: readonly unknown[],
  detectors: readonly ConfiguredDetector[] = [counting('account')],
  options: DetectionOptions = {},
  ruleIds?: readonly string[],
) {
  return detectOverAccounts<unknown, string, string>(
    {
      name: 'detectCounts',
      detectors,
      ruleIds,
      read: (work, { batchSize }) => work(batches(rows, batchSize)),
      parse: parseLedgerEvent,
    },
    options,
  )
}

async function* batches(
  rows: readonly unknown[],
  batchSize: number,
): AsyncIterable<readonly unknown[]> {
  for (let from = 0; from < rows.length; from += batchSize) {
    yield rows.slice(from, from + batchSize)
  }
}

interface Counted {
  readonly key: string
  readonly transactionIds: string[]
}

/** Rules that name what they saw as soon as time has passed. */
function counting(scope: 'account' | 'system'): ConfiguredDetector {
  const ruleId = `${scope}.count`
  const rules: OrderedRules<Counted, null> = {
    id: `${scope}-count`,
    version: 1,
    ruleIds: { transaction: [ruleId], scan: [] },
    scope,
    init: (key) => ({ key, transactionIds: [] }),
    judge({ transactionIds }, event, verdicts) {
      if (event.kind !== 'transaction') return
      if (event.status === 'pending') passOver(verdicts, ruleId, 'undecided', event)
      else {
        verdicts.evaluated[ruleId]! += 1
        transactionIds.push(event.transactionId)
      }
    },
    elapse({ key, transactionIds }, upTo, { findings }) {
      if (transactionIds.length > 0) findings.push(findingOf(ruleId, key, transactionIds, upTo))
    },
    wakeAt: ({ transactionIds }) => (transactionIds.length > 0 ? 0 : Number.POSITIVE_INFINITY),
  }
  return configureDetector(inEventOrder(rules), null)
}

function findingOf(
  ruleId: string,
  subject: string,
  transactionIds: readonly string[],
  eventTime: number,
): Finding {
  return {
    fingerprint: findingFingerprint(ruleId, null, [subject]),
    ruleId,
    ruleVersion: 1,
    severity: 'low',
    action: 'open',
    subject,
    transactionIds: [...transactionIds],
    eventTime,
    confidence: 1,
    evidence: {},
  }
}

function row(accountId: string, at: number): LedgerTransactionInput & { kind: 'transaction' } {
  return {
    kind: 'transaction',
    transactionId: `tx-${at}`,
    accountId,
    status: 'completed',
    amountMinor: 1n,
    currency: 'EUR',
    eventTime: at,
  }
}
