import assert from 'node:assert/strict'

import { type AccountEvent, idOfEvent } from '../detector/account-event.ts'
import type { Finding } from '../detector/finding.ts'
import type { OrderedDetector, OrderedState } from '../detector/in-event-order.ts'
import { decodeState, encodeState } from '../monitor/state-codec.ts'

/** How events come: in which order and portions, which of them twice, and how far the watermark lags. */
export interface Delivery {
  /** The most by which an event comes late, in milliseconds. */
  readonly lateByMs: number
  /** Numbers that say how late each event comes; used in turn, as all of the lists are. */
  readonly delays: readonly number[]
  /** Whether it comes a second time. */
  readonly again: readonly boolean[]
  readonly pageSizes: readonly number[]
  readonly lagsMs: readonly number[]
}

/** Events that come together, and what has been delivered for sure once they have. */
export interface DeliveredPage {
  readonly events: readonly AccountEvent[]
  readonly watermark: number
}

/** Cuts events into pages. A watermark never passes one that is still to come for the first time. */
export function pagesOf(events: readonly AccountEvent[], delivery: Delivery): DeliveredPage[] {
  const { lateByMs, delays, again, pageSizes, lagsMs } = delivery
  const first = events.map((event, index) => ({
    event,
    isFirst: true,
    at: event.eventTime + (inTurn(delays, index) % (lateByMs + 1)),
  }))
  const second = first
    .filter((_, index) => inTurn(again, index))
    .map(({ event, at }, index) => ({ event, isFirst: false, at: at + inTurn(delays, index) }))
  const arrivals = [...first, ...second].sort((a, b) => a.at - b.at)
  const newest = Math.max(...events.map(({ eventTime }) => eventTime))

  const pages: DeliveredPage[] = []
  let watermark = Number.NEGATIVE_INFINITY
  for (let from = 0; from < arrivals.length;) {
    const to = from + inTurn(pageSizes, pages.length)
    const toCome = arrivals.slice(to).filter(({ isFirst }) => isFirst)
    const completeUpTo = Math.min(...toCome.map(({ event }) => event.eventTime - 1), newest)
    watermark = Math.max(watermark, completeUpTo - inTurn(lagsMs, pages.length))
    pages.push({ events: arrivals.slice(from, to).map(({ event }) => event), watermark })
    from = to
  }
  return pages
}

/**
 * Runs a detector as a monitor does: only over touched keys and those whose time has come, each from
 * the text that was stored of it.
 *
 * @returns the findings, sorted by fingerprint; those of one stay in their order
 * @throws AssertionError when an event is late that comes for the first time
 */
export function findDelivered<State, Config>(
  detector: OrderedDetector<State, Config>,
  config: Config,
  pages: readonly DeliveredPage[],
): Finding[] {
  const stored = new Map<string, { readonly state: string; readonly wakeAt: number }>()
  const findings: Finding[] = []
  const names = new Set<string>()
  const step = (key: string, events: readonly AccountEvent[], watermark: number): void => {
    const text = stored.get(key)?.state
    const state = text === undefined ? detector.init(key) : decodeState(text)
    const taken = detector.step(state as OrderedState<State>, events, { watermark, config })
    for (const event of taken.late) assert.ok(names.has(nameOf(event)), 'A new event is late.')
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
  return sortFindings(findings)
}

/** Runs a detector over all events of a key at once, and returns the findings as above. */
export function findInOrder<State, Config>(
  detector: OrderedDetector<State, Config>,
  config: Config,
  events: readonly AccountEvent[],
): Finding[] {
  const context = { watermark: Number.POSITIVE_INFINITY, config }
  const byKey = Map.groupBy(events, (event) => detector.key(event))
  return sortFindings(
    [...byKey].flatMap(
      ([key, ofKey]) => detector.step(detector.init(key), ofKey, context).findings,
    ),
  )
}

/** By fingerprint; the sort is stable, so that those of one stay in their order. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) =>
    a.fingerprint < b.fingerprint ? -1 : Number(a.fingerprint !== b.fingerprint),
  )
}

function nameOf(event: AccountEvent): string {
  return `${event.accountId} ${event.kind} ${idOfEvent(event)} ${event.eventTime}`
}

function inTurn<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length]!
}
