import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type AccountEvent, compareEvents } from '../detector/account-event.ts'
import type { Finding } from '../detector/finding.ts'
import type { OrderedDetector, OrderedState } from '../detector/in-event-order.ts'
import { parseLedgerEvent } from '../detector/parse-ledger-event.ts'
import type { LedgerTransactionInput } from '../ledger/ledger-entry.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { decodeState, encodeState } from '../monitor/state-codec.ts'
import { detectTransactionFailures } from './detect-transaction-failures.ts'
import { type FailureRateOptions, readFailureRateConfig } from './failure-rate-config.ts'
import { failureRateDetector } from './failure-rate-detector.ts'
import {
  readTransactionFailureConfig,
  type TransactionFailureOptions,
} from './transaction-failure-config.ts'
import { transactionFailureDetector } from './transaction-failure-detector.ts'

type Transaction = AccountEvent & { readonly kind: 'transaction' }

const ACCOUNTS = ['a', 'b', 'c']
/** Short windows, so that a few dozen events leave them and come back. */
const accountOptions: fc.Arbitrary<TransactionFailureOptions> = fc.record({
  failuresMin: fc.integer({ min: 2, max: 4 }),
  failureWindowMs: fc.integer({ min: 1, max: 60 }),
  farEnd: fc.constantFrom('inclusive', 'exclusive'),
  successResets: fc.boolean(),
  chargedWhen: fc.constantFrom('balance-fell', 'balance-changed'),
})
const rateOptions: fc.Arbitrary<FailureRateOptions> = fc.record({
  opensAbove: fc.constantFrom({ failed: 40, of: 100 }, { failed: 1, of: 3 }),
  clearsAt: fc.constantFrom({ failed: 20, of: 100 }, { failed: 1, of: 3 }),
  windowMs: fc.integer({ min: 10, max: 150 }),
  farEnd: fc.constantFrom('inclusive', 'exclusive'),
  sampleMin: fc.integer({ min: 1, max: 8 }),
  peakStepBps: fc.constantFrom(500, 2_000),
  countsPending: fc.boolean(),
})

const row = fc.record({
  account: fc.constantFrom(...ACCOUNTS),
  gapMs: fc.oneof(fc.constant(0), fc.nat({ max: 12 })),
  status: fc.constantFrom(
    'failed' as const,
    'failed' as const,
    'failed' as const,
    'completed' as const,
    'completed' as const,
    'pending' as const,
    'cancelled' as const,
  ),
  moved: fc.constantFrom(null, 0n, 0n, 3n, -3n, 7n),
  amountMinor: fc.constantFrom(1n, 2n, 3n, 3n, 7n, -3n, -7n),
  currency: fc.constantFrom('EUR', 'EUR', 'EUR', 'USD'),
  request: fc.option(fc.nat({ max: 5 })),
  reverses: fc.option(fc.nat({ max: 12 }), { freq: 3 }),
  sequence: fc.option(fc.nat({ max: 9 })),
})
const ledgers = fc.array(row, { maxLength: 60, size: 'max' }).map((rows) => {
  let eventTime = 1_000
  const ofAccount: Record<string, number> = {}
  return rows.map((each): LedgerTransactionInput => {
    eventTime += each.gapMs
    // Names are those of one account: several accounts have a `tx-0`.
    const number = (ofAccount[each.account] = (ofAccount[each.account] ?? -1) + 1)
    return {
      transactionId: `tx-${number}`,
      accountId: each.account,
      status: each.status,
      amountMinor: each.amountMinor,
      balanceBeforeMinor: 10n,
      balanceAfterMinor: each.moved === null ? null : 10n + each.moved,
      currency: each.currency,
      eventTime,
      sequence: each.sequence,
      requestId: each.request === null ? null : `request-${each.request}`,
      reversesTransactionId: each.reverses === null ? null : `tx-${each.reverses}`,
    }
  })
})

/** How events come: in which order and portions, which of them twice, and how far the watermark lags. */
interface Delivery {
  readonly keys: readonly number[]
  readonly again: readonly boolean[]
  readonly pageSizes: readonly number[]
  readonly lagsMs: readonly number[]
}
const deliveries: fc.Arbitrary<Delivery> = fc.record({
  keys: fc.array(fc.nat({ max: 1_000 }), { minLength: 60, maxLength: 60 }),
  again: fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
  pageSizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 10 }),
  lagsMs: fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 10 }),
})
/** How late an event may come at most, in milliseconds. */
const lateness = fc.constantFrom(0, 5, 50, 1_000)
const runs = { numRuns: 500 }

describe('the rules on failures', () => {
  test('find account by account what a model finds that looks at all events at once', () => {
    fc.assert(
      fc.property(ledgers, accountOptions, (ledger, options) => {
        const config = readTransactionFailureConfig(options)
        const found = inOrder(transactionFailureDetector, config, eventsOf(ledger))
        expect(found).toEqual(modelOfAccounts(ledger, options))
      }),
      runs,
    )
  })

  test('find in all accounts together what a model finds that looks at every moment', () => {
    fc.assert(
      fc.property(ledgers, rateOptions, (ledger, options) => {
        const found = inOrder(failureRateDetector, readFailureRateConfig(options), eventsOf(ledger))
        expect(found).toEqual(modelOfRate(ledger, options))
      }),
      runs,
    )
  })

  test('find the same shuffled within the lateness, in any pages, redelivered, and restarted at every step', () => {
    fc.assert(
      fc.property(
        ledgers,
        accountOptions,
        rateOptions,
        fc.constantFrom(3, 10_000),
        lateness,
        deliveries,
        (ledger, ofAccounts, ofSystem, momentsMax, lateByMs, delivery) => {
          const events = eventsOf(ledger)
          const pages = pagesOf(events, lateByMs, delivery)
          const account = readTransactionFailureConfig(ofAccounts)
          const system = readFailureRateConfig({ ...ofSystem, momentsMax })
          expect(delivered(transactionFailureDetector, account, pages)).toEqual(
            inOrder(transactionFailureDetector, account, events),
          )
          expect(delivered(failureRateDetector, system, pages)).toEqual(
            inOrder(failureRateDetector, system, events),
          )
        },
      ),
      runs,
    )
  })

  test('find the same when a function reads a repository in any batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        ledgers.chain((rows) => fc.shuffledSubarray(rows, { minLength: rows.length })),
        accountOptions,
        rateOptions,
        fc.integer({ min: 1, max: 20 }),
        async (transactions, ofAccounts, failureRate, batchSize) => {
          const ledger = createMemoryLedgerRepository({
            transactions: [...transactions, ...transactions.slice(0, 5)],
          })
          const options = { ...ofAccounts, tenant: undefined, failureRate, batchSize }
          const { findings, summary } = await detectTransactionFailures({ ledger }, options)
          const events = eventsOf(transactions)
          const account = readTransactionFailureConfig(ofAccounts)
          const system = readFailureRateConfig(failureRate)
          expect(sorted(findings.map(factsOf))).toEqual(
            sorted([
              ...inOrder(transactionFailureDetector, account, events),
              ...inOrder(failureRateDetector, system, events),
            ]),
          )
          expect(summary.late).toBe(0)
        },
      ),
    )
  })
})

// ---- Delivery

interface Page {
  readonly events: readonly AccountEvent[]
  readonly watermark: number
}

/** A watermark never passes an event that is still to come for the first time. */
function pagesOf(events: readonly AccountEvent[], lateByMs: number, delivery: Delivery): Page[] {
  const { keys, again, pageSizes, lagsMs } = delivery
  const first = events.map((event, index) => ({
    event,
    isFirst: true,
    at: event.eventTime + (keys[index]! % (lateByMs + 1)),
  }))
  const second = first
    .filter((_, index) => again[index])
    .map(({ event, at }, index) => ({ event, isFirst: false, at: at + keys[index]! }))
  const arrivals = [...first, ...second].sort((a, b) => a.at - b.at)

  const pages: Page[] = []
  let watermark = Number.NEGATIVE_INFINITY
  for (let from = 0; from < arrivals.length;) {
    const to = from + pageSizes[pages.length % pageSizes.length]!
    const toCome = arrivals.slice(to).filter(({ isFirst }) => isFirst)
    const completeUpTo = Math.min(...toCome.map(({ event }) => event.eventTime - 1), 10_000)
    watermark = Math.max(watermark, completeUpTo - lagsMs[pages.length % lagsMs.length]!)
    pages.push({ events: arrivals.slice(from, to).map(({ event }) => event), watermark })
    from = to
  }
  return pages
}

/** As a monitor does it: only touched keys and those whose time has come, each from its stored text. */
function delivered<State, Config>(
  detector: OrderedDetector<State, Config>,
  config: Config,
  pages: readonly Page[],
): Facts[] {
  const stored = new Map<string, { state: string; wakeAt: number }>()
  const findings: Finding[] = []
  const names = new Set<string>()
  const step = (key: string, events: readonly AccountEvent[], watermark: number): void => {
    const text = stored.get(key)?.state
    const state = text === undefined ? detector.init(key) : decodeState(text)
    const taken = detector.step(state as OrderedState<State>, events, { watermark, config })
    // Nothing that comes for the first time is late.
    for (const event of taken.late) expect(names).toContain(nameOf(event))
    for (const event of events) names.add(nameOf(event))
    stored.set(key, { state: encodeState(taken.state), wakeAt: taken.wakeAt ?? Infinity })
    findings.push(...taken.findings)
  }

  for (const { events, watermark } of pages) {
    const byKey = Map.groupBy(events, (event) => detector.key(event))
    for (const [key, ofKey] of byKey) step(key, ofKey, watermark)
    for (const [key, { wakeAt }] of stored) if (wakeAt <= watermark) step(key, [], watermark)
  }
  for (const key of stored.keys()) step(key, [], Number.POSITIVE_INFINITY)
  return sorted(findings.map(factsOf))
}

/** All of a key in one step. */
function inOrder<State, Config>(
  detector: OrderedDetector<State, Config>,
  config: Config,
  events: readonly AccountEvent[],
): Facts[] {
  const watermark = Number.POSITIVE_INFINITY
  const findings = [...Map.groupBy(events, (event) => detector.key(event))].flatMap(
    ([key, ofKey]) => detector.step(detector.init(key), ofKey, { watermark, config }).findings,
  )
  return sorted(findings.map(factsOf))
}

function eventsOf(ledger: readonly LedgerTransactionInput[]): AccountEvent[] {
  return ledger.flatMap((row) => {
    const parsed = parseLedgerEvent({ ...row, kind: 'transaction' })
    return parsed.ok && parsed.row !== null ? [parsed.row] : []
  })
}

function nameOf({ accountId, ...event }: AccountEvent): string {
  return `${accountId} ${event.kind === 'scan' ? event.scanId : event.transactionId}`
}

/** What is compared of a finding: when, what, about which transactions, and the figures that matter. */
type Facts = readonly [time: number, action: string, fingerprint: string, ...figures: unknown[]]

function factsOf({
  eventTime,
  action,
  fingerprint,
  transactionIds,
  amount,
  evidence,
}: Finding): Facts {
  const { failures, failed, total, endedBy, peakBps, reversedMinor } = evidence
  return [
    eventTime,
    action,
    fingerprint,
    transactionIds,
    amount?.amountMinor,
    failures ?? failed,
    total ?? reversedMinor,
    endedBy,
    peakBps,
  ]
}

function sorted(facts: readonly Facts[]): Facts[] {
  const rank: Record<string, number> = { open: 0, update: 1, resolve: 2 }
  return facts.toSorted(
    (a, b) => a[0] - b[0] || a[2].localeCompare(b[2]) || rank[a[1]]! - rank[b[1]]!,
  )
}

// ---- The models: no state machine over a stream, but questions to the whole list

function modelOfAccounts(
  ledger: readonly LedgerTransactionInput[],
  options: TransactionFailureOptions,
): Facts[] {
  return sorted(
    ACCOUNTS.flatMap((account) => {
      const history = transactionsOf(ledger).filter(({ accountId }) => accountId === account)
      return modelOfCharges(history, options).concat(modelOfRuns(history, options))
    }),
  )
}

function transactionsOf(ledger: readonly LedgerTransactionInput[]): Transaction[] {
  return eventsOf(ledger)
    .filter((event) => event.kind === 'transaction')
    .sort(compareEvents)
}

function modelOfCharges(
  history: readonly Transaction[],
  { chargedWhen }: TransactionFailureOptions,
): Facts[] {
  return history.flatMap((failure, place): Facts[] => {
    const { status, balanceBeforeMinor: before, balanceAfterMinor: after } = failure
    if (status !== 'failed' || before === null || after === null || before === after) return []
    const owed = before - after
    const isCharge = owed > 0n || chargedWhen === 'balance-changed'
    const ruleId = `transactions.${isCharge ? 'charged' : 'credited'}-on-failure`
    const fingerprint = `${ruleId}::${failure.accountId}:${failure.transactionId}`

    const reversals = history
      .map((row, index) => ({ row, index }))
      .filter(
        ({ row }) =>
          row.status === 'completed' && row.reversesTransactionId === failure.transactionId,
      )
    // Of what stands before the failure, the first one says in which currency it is.
    const early = reversals.filter(({ index }) => index < place)
    const counted = early.filter(({ row }) => row.currency === early[0]?.row.currency)
    if (counted[0]?.row.currency !== failure.currency) counted.length = 0
    const ends = [{ row: failure, ids: counted.map(({ row }) => row) }]
    for (const { row, index } of reversals) {
      if (index < place || row.currency !== failure.currency) continue
      ends.push({ row, ids: [...ends.at(-1)!.ids, row] })
    }
    const sumOf = (rows: readonly Transaction[]): bigint =>
      rows.reduce((sum, { amountMinor }) => sum + amountMinor, 0n)
    const end = ends.find(({ ids }) => (owed > 0n ? sumOf(ids) >= owed : sumOf(ids) <= owed))

    const id = failure.transactionId
    const none = undefined
    const open: Facts = [failure.eventTime, 'open', fingerprint, [id], owed, none, none, none, none]
    if (end === undefined) return [open]
    const ids = [id, ...end.ids.map(({ transactionId }) => transactionId)]
    const total = String(sumOf(end.ids))
    return [open, [end.row.eventTime, 'resolve', fingerprint, ids, owed, none, total, none, none]]
  })
}

function modelOfRuns(
  history: readonly Transaction[],
  { failuresMin = 3, failureWindowMs = 0, farEnd, successResets }: TransactionFailureOptions,
): Facts[] {
  const isFar = (apartMs: number): boolean =>
    farEnd === 'inclusive' ? apartMs > failureWindowMs : apartMs >= failureWindowMs
  /** The first moment that is too far. */
  const farFrom = (at: number): number => at + failureWindowMs + (farEnd === 'inclusive' ? 1 : 0)

  const relevant = history.filter(
    ({ status }) => status === 'failed' || (status === 'completed' && successResets),
  )
  const successes = relevant.flatMap(({ status }, index) => (status === 'completed' ? [index] : []))
  const ends = [...successes, relevant.length]
  return ends.flatMap((end, number): Facts[] => {
    const stretch = relevant.slice(number === 0 ? 0 : ends[number - 1]! + 1, end)
    const failures = stretch.filter(
      ({ requestId }, index) =>
        requestId === null || stretch.findIndex((other) => other.requestId === requestId) === index,
    )
    /** Whether a failure and those before it are near enough. */
    const isDense = failures.map(
      ({ eventTime }, index) =>
        index >= failuresMin - 1 &&
        !isFar(eventTime - failures[index - failuresMin + 1]!.eventTime),
    )
    return failures.flatMap((_, opening): Facts[] => {
      if (isDense[opening] !== true || isDense[opening - 1] === true) return []
      const after = isDense.indexOf(false, opening)
      const last = (after === -1 ? failures.length : after) - 1
      const first = opening - failuresMin + 1
      const fact = (index: number, time: number, action: string, endedBy?: string): Facts => {
        const shown = failures.slice(first, index + 1)
        const ids = shown.map(({ transactionId }) => transactionId)
        const { accountId, transactionId } = failures[first]!
        const fingerprint = `transactions.consecutive-failures::${accountId}:${transactionId}`
        const [none] = [undefined]
        return [time, action, fingerprint, ids, none, shown.length, none, endedBy, none]
      }
      const facts: Facts[] = []
      for (let index = opening; index <= last; index += 1) {
        const action = index === opening ? 'open' : 'update'
        facts.push(fact(index, failures[index]!.eventTime, action))
      }
      const overAt = farFrom(failures[last - failuresMin + 2]!.eventTime)
      const success = relevant[end]?.eventTime ?? Infinity
      const isBySuccess = success < overAt
      facts.push(fact(last, Math.min(success, overAt), 'resolve', isBySuccess ? 'success' : 'time'))
      return facts
    })
  })
}

function modelOfRate(
  ledger: readonly LedgerTransactionInput[],
  {
    opensAbove,
    clearsAt,
    windowMs = 0,
    farEnd,
    sampleMin = 0,
    peakStepBps = 0,
    countsPending,
  }: FailureRateOptions,
): Facts[] {
  const counted = transactionsOf(ledger).filter(
    ({ status }) => status !== 'cancelled' && (status !== 'pending' || countsPending),
  )
  const isWithin = (at: number, now: number): boolean =>
    farEnd === 'inclusive' ? now - at <= windowMs : now - at < windowMs
  const leavesAt = (at: number): number => at + windowMs + (farEnd === 'inclusive' ? 1 : 0)

  // Every moment at which something changes; within one, what leaves comes first.
  const looks = [...new Set(counted.map(({ eventTime }) => leavesAt(eventTime)))].map((now) => ({
    now,
    arrival: null as Transaction | null,
    seen: counted.filter(({ eventTime }) => eventTime < now && isWithin(eventTime, now)),
  }))
  for (const [index, arrival] of counted.entries()) {
    const now = arrival.eventTime
    const seen = counted.slice(0, index + 1).filter(({ eventTime }) => isWithin(eventTime, now))
    looks.push({ now, arrival, seen })
  }
  looks.sort((a, b) => a.now - b.now || Number(a.arrival !== null) - Number(b.arrival !== null))

  const facts: Facts[] = []
  let fingerprint: string | null = null
  let told = 0
  let peak = 0
  for (const { now, arrival, seen } of looks) {
    const failed = seen.filter(({ status }) => status === 'failed')
    const bps = Number((BigInt(failed.length) * 10_000n) / BigInt(Math.max(seen.length, 1)))
    const exceeds = ({ failed: part, of } = { failed: 0, of: 0 }): boolean =>
      failed.length / part > seen.length / of
    const tell = (action: string, endedBy?: string, peakBps?: number): void => {
      const ids = failed.map(({ transactionId }) => transactionId)
      const [none] = [undefined]
      facts.push([
        now,
        action,
        fingerprint!,
        ids,
        none,
        failed.length,
        seen.length,
        endedBy,
        peakBps,
      ])
    }
    if (fingerprint !== null && !exceeds(clearsAt)) {
      tell('resolve', seen.length === 0 ? 'no-transactions' : 'rate', peak)
      fingerprint = null
    } else if (arrival !== null && seen.length >= sampleMin) {
      if (fingerprint !== null) {
        peak = Math.max(peak, bps)
        if (bps < told + peakStepBps) continue
        told = bps
        tell('update')
      } else if (exceeds(opensAbove)) {
        const { accountId, transactionId } = arrival
        fingerprint = `transactions.failure-rate::${accountId}:${transactionId}`
        told = bps
        peak = bps
        tell('open')
      }
    }
  }
  return sorted(facts)
}
