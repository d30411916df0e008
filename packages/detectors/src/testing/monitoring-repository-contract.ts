import assert from 'node:assert/strict'

import type { Finding } from '../detector/finding.ts'
import type { MonitorStore } from '../monitor/monitor-store.ts'
import { DAY_MS, HOUR_MS } from '../monitoring-events/durations.ts'
import type { MonitoringEvent } from '../monitoring-events/monitoring-event.ts'
import type {
  MonitoringEventFilter,
  MonitoringRepository,
} from '../monitoring-events/monitoring-repository.ts'
import type { SystemHealthSnapshot } from '../monitoring-events/system-health-snapshot.ts'

/** An empty repository, and the store that writes what it reads. */
export interface MonitoringRepositoryUnderTest {
  readonly repository: MonitoringRepository
  readonly store: MonitorStore
  /** Brings the dashboard up to this moment. */
  refresh(this: void, now: number): Promise<void>
}

/** Makes a repository over a store that knows nothing. */
export type CreateMonitoringRepository = () => Promise<MonitoringRepositoryUnderTest>

/** One thing that every {@link MonitoringRepository} does. */
export interface MonitoringRepositoryContractCase {
  readonly name: string
  /**
   * @param create makes a repository for this case alone
   * @throws AssertionError when the repository does not do it
   */
  run(this: void, create: CreateMonitoringRepository): Promise<void>
}

/**
 * What every implementation of `MonitoringRepository` does, as data: run each case with any test runner.
 *
 * @example
 * ```ts
 * import { createMemoryMonitoringRepository, createMemoryMonitorStore } from '@assay/detectors'
 * import { createTestClock } from '@assay/core/testing'
 * import { monitoringRepositoryContract } from '@assay/detectors/testing'
 *
 * for (const { run } of monitoringRepositoryContract) {
 *   await run(async () => {
 *     const clock = createTestClock()
 *     const store = createMemoryMonitorStore()
 *     const repository = createMemoryMonitoringRepository(store, { clock })
 *     return { store, repository, refresh: async (now) => clock.setWallClock(now) }
 *   })
 * }
 * ```
 */
export const monitoringRepositoryContract: readonly MonitoringRepositoryContractCase[] = [
  {
    name: 'has nothing to tell at first',
    async run(create) {
      const { repository } = await create()
      assert.deepEqual(await repository.listEvents({ limit: 10 }), { events: [], next: null })
      assert.equal(await repository.getEvent('1'), null)
      assert.deepEqual([...(await repository.readCounts({ since: 0, until: T0 }))], [])
      assert.deepEqual([...(await repository.listHealth(10))], [])
      const { open, openByType } = await repository.readDashboard()
      assert.deepEqual(open, NO_EVENTS)
      assert.deepEqual([...openByType], [])
    },
  },
  {
    name: 'shows a finding as an event, with each of its fields',
    async run(create) {
      const { repository, store } = await create()
      await note(store, T0, [
        finding({
          ruleVersion: 12,
          severity: 'critical',
          subject: 'Größe 😀',
          transactionIds: ['tx-2', 'tx-1'],
          amount: { amountMinor: -(10n ** 78n), currency: 'EUR' },
          eventTime: T0 - 5_000,
          confidence: 0.75,
          evidence: { text: 'a', count: 2, yes: true, none: null },
        }),
      ])
      const { events } = await repository.listEvents({ limit: 10 })
      assert.equal(events.length, 1)
      const { eventId, ...event } = events[0]!
      assert.deepEqual(event, {
        fingerprint: 'finding',
        type: 'balance.negative',
        severity: 'critical',
        cardId: 'Größe 😀',
        transactionIds: ['tx-2', 'tx-1'],
        amountMinor: -(10n ** 78n),
        currency: 'EUR',
        algorithm: 'balance.negative@12',
        confidence: 0.75,
        eventData: { text: 'a', count: 2, yes: true, none: null },
        status: 'open',
        eventTime: T0 - 5_000,
        detectedAt: T0,
        updatedAt: T0,
        acknowledgedBy: null,
        acknowledgedAt: null,
        acknowledgementNotes: null,
        resolvedBy: null,
        resolvedAt: null,
        resolutionNotes: null,
      })
      assert.deepEqual(await repository.getEvent(eventId), events[0])
    },
  },
  {
    name: 'knows no event of another id',
    async run(create) {
      const { repository, store } = await create()
      await note(store, T0, [finding()])
      const { events } = await repository.listEvents({ limit: 1 })
      for (const eventId of [`${events[0]?.eventId}0`, '', 'x', '-1', '1e3', '9'.repeat(30)]) {
        assert.equal(await repository.getEvent(eventId), null)
        const update = { eventId, status: 'resolved', by: 'ada', notes: null, now: T0 } as const
        assert.equal(await repository.updateEvent(update), 'unknown')
      }
    },
  },
  {
    name: 'lists events newest first, those of one moment by their id, whatever the size of a page',
    async run(create) {
      const { repository, store } = await create()
      const moments = [T0, T0 + 5, T0 + 5, T0 - MONTH_MS, T0 + MONTH_MS, T0 + 5, T0 - 1, T0]
      for (const [index, now] of moments.entries()) {
        await note(store, now, [finding({ fingerprint: String(index) })])
      }
      for (const limit of [1, 2, 3, 7, 8, 9]) {
        const listed = await listAll(repository, { limit })
        assert.deepEqual(
          listed.map(({ fingerprint }) => fingerprint),
          ['4', '5', '2', '1', '7', '0', '6', '3'],
        )
      }
    },
  },
  {
    name: 'lists the events that each filter asks for, and all filters together',
    async run(create) {
      const { repository, store } = await create()
      const all = await createEvents({ repository, store })
      const filters: Omit<MonitoringEventFilter, 'limit'>[] = [{}]
      for (const status of [undefined, 'open', 'acknowledged', 'resolved'] as const) {
        for (const severity of [undefined, 'critical', 'low'] as const) {
          for (const type of [undefined, 'rule.a', 'rule.unknown']) {
            for (const cardId of [undefined, 'card-1', 'card\0']) {
              for (const since of [undefined, T0 + 10]) {
                filters.push({ status, severity, type, cardId, since, until: T0 + 20 })
              }
            }
          }
        }
      }
      for (const filter of filters) {
        const expected = all.filter((event) => isWanted(event, filter)).map(idOf)
        const listed = await listAll(repository, { ...filter, limit: 5 })
        assert.deepEqual(listed.map(idOf), expected, JSON.stringify(filter))
      }
    },
  },
  {
    name: 'takes the beginning of a range into it, and leaves its end out',
    async run(create) {
      const { repository, store } = await create()
      for (const now of [T0, T0 + 1, T0 + 2]) {
        await note(store, now, [finding({ fingerprint: String(now - T0) })])
      }
      const listed = await listAll(repository, { since: T0, until: T0 + 2, limit: 10 })
      assert.deepEqual(
        listed.map(({ fingerprint }) => fingerprint),
        ['1', '0'],
      )
    },
  },
  {
    name: 'goes on behind a page although newer events have come',
    async run(create) {
      const { repository, store } = await create()
      for (const now of [1, 2, 3]) {
        await note(store, T0 + now, [finding({ fingerprint: String(now) })])
      }
      const { next } = await repository.listEvents({ limit: 2 })
      await note(store, T0 + 4, [finding({ fingerprint: '4' })])
      assert.ok(next !== null && /^[!-~]+$/.test(next))
      const page = await repository.listEvents({ limit: 2, after: next })
      assert.deepEqual(
        page.events.map(({ fingerprint }) => fingerprint),
        ['1'],
      )
      assert.equal(page.next, null)
    },
  },
  {
    name: 'refuses a cursor that no page has, and a page of nothing',
    async run(create) {
      const { repository } = await create()
      for (const after of ['', 'x', '1', '1.x', '1.1.1', "1.1' or '1'='1"]) {
        await assert.rejects(repository.listEvents({ limit: 1, after }), { code: 'INVALID_OPTION' })
      }
      for (const limit of [0, -1, 1.5, Number.NaN]) {
        await assert.rejects(repository.listEvents({ limit }), { code: 'INVALID_OPTION' })
        await assert.rejects(repository.listHealth(limit), { code: 'INVALID_OPTION' })
      }
    },
  },
  {
    name: 'lets a person take an event on and end it, and then nobody change it',
    async run(create) {
      const { repository, store } = await create()
      const event = await createEvent({ repository, store })
      const { eventId } = event
      const taken = { ...event, updatedAt: T0 + 1, acknowledgedAt: T0 + 1, acknowledgedBy: 'ada' }
      assert.deepEqual(
        await repository.updateEvent({
          eventId,
          status: 'acknowledged',
          by: 'ada',
          notes: null,
          now: T0 + 1,
        }),
        { ...taken, status: 'acknowledged' },
      )
      const byBob = { eventId, status: 'acknowledged', by: 'bob', now: T0 + 2 } as const
      const passed = await repository.updateEvent({ ...byBob, notes: 'on it' })
      const withBob = {
        acknowledgedBy: 'bob',
        acknowledgedAt: T0 + 2,
        acknowledgementNotes: 'on it',
      }
      const acknowledged = { ...taken, ...withBob, status: 'acknowledged', updatedAt: T0 + 2 }
      assert.deepEqual(passed, acknowledged)
      const ending = { eventId, status: 'resolved', by: 'eve', now: T0 + 3 } as const
      const ended = await repository.updateEvent({ ...ending, notes: "it's paid back" })
      const resolved = {
        ...acknowledged,
        status: 'resolved',
        updatedAt: T0 + 3,
        resolvedBy: 'eve',
        resolvedAt: T0 + 3,
        resolutionNotes: "it's paid back",
      }
      assert.deepEqual(ended, resolved)
      assert.equal(await repository.updateEvent({ ...ending, notes: null }), 'conflict')
      assert.equal(await repository.updateEvent({ ...byBob, notes: null }), 'conflict')
      assert.deepEqual(await repository.getEvent(eventId), resolved)
    },
  },
  {
    name: 'keeps who has taken an event on while it grows and until it ends by itself',
    async run(create) {
      const { repository, store } = await create()
      const { eventId } = await createEvent({ repository, store })
      const taking = { eventId, by: 'ada', notes: 'looking', now: T0 + 1 }
      const taken = await repository.updateEvent({ ...taking, status: 'acknowledged' })
      assert.ok(typeof taken === 'object')
      const grown = { eventTime: T0 + 2, severity: 'critical', transactionIds: ['tx-1', 'tx-2'] }
      await note(store, T0 + 3, [finding({ ...(grown as Partial<Finding>), action: 'update' })])
      const after = { ...taken, ...grown, updatedAt: T0 + 3 }
      assert.deepEqual(await repository.getEvent(eventId), after)
      const end = finding({ ...(grown as Partial<Finding>), eventTime: T0 + 4, action: 'resolve' })
      await note(store, T0 + 5, [end])
      assert.deepEqual(await repository.getEvent(eventId), {
        ...after,
        status: 'resolved',
        eventTime: T0 + 4,
        updatedAt: T0 + 5,
        resolvedAt: T0 + 5,
      })
    },
  },
  {
    name: 'leaves what a person has ended as it is, and lets it be told as ended',
    async run(create) {
      const { repository, store } = await create()
      const { eventId } = await createEvent({ repository, store })
      await store.markTold([{ fingerprint: 'finding', revision: 1 }])
      const update = { eventId, by: 'ada', notes: 'refunded', now: T0 + 1 }
      const acknowledged = await repository.updateEvent({ ...update, status: 'acknowledged' })
      assert.ok(typeof acknowledged === 'object')
      assert.deepEqual([...(await store.listUntold({ limit: 10 }))], [])

      const ended = await repository.updateEvent({ ...update, status: 'resolved' })
      const untold = [{ finding: finding({ action: 'resolve' }), revision: 2 }]
      assert.deepEqual([...(await store.listUntold({ limit: 10 }))], untold)
      for (const action of ['update', 'open', 'resolve'] as const) {
        await note(store, T0 + 9, [finding({ action, eventTime: T0 + 9 })])
      }
      assert.deepEqual(await repository.getEvent(eventId), ended)
      assert.deepEqual([...(await store.listUntold({ limit: 10 }))], untold)
    },
  },
  {
    name: 'keeps quiet about what a person has ended while it holds, and opens it when it comes again',
    async run(create) {
      const { repository, store } = await create()
      const { eventId } = await createEvent({ repository, store })
      const ended = await repository.updateEvent({
        eventId,
        status: 'resolved',
        by: 'ada',
        notes: 'refunded',
        now: T0 + 1,
      })
      assert.ok(typeof ended === 'object')
      const { ruleId, subject } = finding()
      const judge = (holds: boolean, now: number): Promise<void> => {
        const fingerprints = holds ? ['finding'] : []
        const rejudged = [{ subject, ruleIds: [ruleId], fingerprints }]
        return store.note({ findings: holds ? [finding()] : [], rejudged, now })
      }
      const untold = [{ finding: finding({ action: 'resolve' }), revision: 2 }]
      for (const holds of [true, false, false]) {
        await judge(holds, T0 + 2)
        assert.deepEqual([...(await store.listUntold({ limit: 10 }))], untold)
        assert.deepEqual(await repository.getEvent(eventId), ended)
      }

      await judge(true, T0 + 3)
      assert.deepEqual(
        [...(await store.listUntold({ limit: 10 }))],
        [{ finding: finding(), revision: 3 }],
      )
      assert.deepEqual(await repository.getEvent(eventId), {
        ...ended,
        status: 'open',
        updatedAt: T0 + 3,
        resolvedBy: null,
        resolvedAt: null,
      })
    },
  },
  {
    name: 'counts events by the hour of their detection, type and severity',
    async run(create) {
      const { repository, store } = await create()
      const found: [number, Partial<Finding>][] = [
        [HOUR - 1, {}],
        [HOUR, { ruleId: 'rule.b' }],
        [HOUR + 1, {}],
        [HOUR + HOUR_MS - 1, {}],
        [HOUR + HOUR_MS - 1, { severity: 'critical' }],
        [HOUR + HOUR_MS, {}],
        [HOUR + 2 * HOUR_MS, {}],
      ]
      for (const [index, [now, fields]] of found.entries()) {
        await note(store, now, [finding({ fingerprint: String(index), ...fields })])
      }
      const high = { type: 'balance.negative', severity: 'high' }
      assert.deepEqual(
        [...(await repository.readCounts({ since: HOUR, until: HOUR + 2 * HOUR_MS }))],
        [
          { ...high, hour: HOUR, severity: 'critical', count: 1 },
          { ...high, hour: HOUR, count: 2 },
          { ...high, hour: HOUR, type: 'rule.b', count: 1 },
          { ...high, hour: HOUR + HOUR_MS, count: 1 },
        ],
      )
    },
  },
  {
    name: 'sums the state of things up',
    async run(create) {
      const { repository, store, refresh } = await create()
      const now = T0 + DAY_MS
      const events = await createEvents({ repository, store })
      await note(store, now, [finding({ fingerprint: 'now', ruleId: 'rule.z', severity: 'low' })])
      await refresh(now)
      const openOf = (severity: string): number =>
        events.filter((event) => event.status === 'open' && event.severity === severity).length
      const openOfType = (type: string): number =>
        events.filter((event) => event.status === 'open' && event.type === type).length
      const dashboard = await repository.readDashboard()
      assert.deepEqual(dashboard, {
        refreshedAt: now,
        open: {
          critical: openOf('critical'),
          high: openOf('high'),
          medium: 0,
          low: openOf('low') + 1,
        },
        acknowledged: events.filter(({ status }) => status === 'acknowledged').length,
        resolvedLastDay: events.filter(({ resolvedAt }) => (resolvedAt ?? T0) > T0).length,
        detectedLastDay: events.filter(({ detectedAt }) => detectedAt > T0).length + 1,
        openByType: [
          { type: 'rule.a', count: openOfType('rule.a') },
          { type: 'rule.b', count: openOfType('rule.b') },
          { type: 'rule.z', count: 1 },
        ].toSorted((left, right) => right.count - left.count),
      })
      assert.ok(dashboard.resolvedLastDay > 0 && dashboard.open.high > 0)
    },
  },
  {
    name: 'counts what is open and what was critical as of one moment, whatever was summed up before',
    async run(create) {
      const { repository, store, refresh } = await create()
      assert.deepEqual(await repository.readEventFigures(T0), FIGURES_OF_NONE)
      await refresh(T0 - HOUR_MS)
      const found: [number, Finding['severity']][] = [
        [T0 - HOUR_MS - 1, 'critical'],
        [T0 - HOUR_MS, 'critical'],
        [T0 - 2, 'high'],
        [T0 - 2, 'critical'],
        [T0 - 1, 'critical'],
        [T0, 'critical'],
      ]
      for (const [index, [now, severity]] of found.entries()) {
        await note(store, now, [finding({ fingerprint: String(index), severity })])
      }
      const figures = { openEvents: 5, criticalEventsLastHour: 3 }
      assert.deepEqual(await repository.readEventFigures(T0), figures)

      const { events } = await repository.listEvents({ severity: 'critical', limit: 10 })
      const [, taken, ended] = events
      const update = { by: 'ada', notes: null, now: T0 }
      for (const [event, status] of [
        [taken, 'acknowledged'] as const,
        [ended, 'resolved'] as const,
      ]) {
        await repository.updateEvent({ ...update, eventId: event!.eventId, status })
      }
      assert.deepEqual(await repository.readEventFigures(T0), { ...figures, openEvents: 3 })
    },
  },
  {
    name: 'keeps health snapshots, and lists the newest first',
    async run(create) {
      const { repository } = await create()
      const snapshots = [
        snapshot({ takenAt: T0 }),
        snapshot({
          takenAt: T0 + 300_000,
          status: 'unknown',
          successRateBps: null,
          processingP50Ms: null,
          processingP95Ms: null,
          processingP99Ms: null,
          totalBalanceMinor: {},
        }),
        snapshot({ takenAt: T0 - 300_000, successRateBps: 10_000 }),
      ]
      for (const each of snapshots) await repository.saveHealth(each)
      assert.deepEqual(
        [...(await repository.listHealth(10))],
        [snapshots[1], snapshots[0], snapshots[2]],
      )
      assert.deepEqual([...(await repository.listHealth(1))], [snapshots[1]])
    },
  },
]

const FIGURES_OF_NONE = { openEvents: 0, criticalEventsLastHour: 0 }
const T0 = 1_749_895_200_123
const MONTH_MS = 31 * DAY_MS
const HOUR = T0 - (T0 % HOUR_MS)
const NO_EVENTS = { critical: 0, high: 0, medium: 0, low: 0 }

function finding(fields: Partial<Finding> = {}): Finding {
  return {
    fingerprint: 'finding',
    ruleId: 'balance.negative',
    ruleVersion: 1,
    severity: 'high',
    action: 'open',
    subject: 'card-7',
    transactionIds: ['tx-1'],
    eventTime: T0,
    confidence: 1,
    evidence: {},
    ...fields,
  }
}

function snapshot(fields: Partial<SystemHealthSnapshot>): SystemHealthSnapshot {
  return {
    takenAt: T0,
    status: 'healthy',
    totalTransactionsLastHour: 120,
    successfulTransactionsLastHour: 117,
    failedTransactionsLastHour: 2,
    successRateBps: 9_832,
    processingP50Ms: 12.5,
    processingP95Ms: 80,
    processingP99Ms: 250,
    totalBalanceMinor: { EUR: -(10n ** 40n), USD: 0n },
    negativeBalances: 1,
    openEvents: 3,
    criticalEventsLastHour: 2,
    ...fields,
  }
}

async function note(store: MonitorStore, now: number, findings: readonly Finding[]): Promise<void> {
  await store.note({ findings, rejudged: [], now })
}

type Created = Pick<MonitoringRepositoryUnderTest, 'repository' | 'store'>

async function createEvent({ repository, store }: Created): Promise<MonitoringEvent> {
  await note(store, T0, [finding()])
  const { events } = await repository.listEvents({ limit: 1 })
  assert.ok(events[0] !== undefined)
  return events[0]
}

/** Some of each kind, newest first. */
async function createEvents({ repository, store }: Created): Promise<readonly MonitoringEvent[]> {
  for (let index = 0; index < 48; index += 1) {
    await note(store, T0 + (index % 25), [
      finding({
        fingerprint: String(index),
        ruleId: index % 5 === 0 ? 'rule.b' : 'rule.a',
        severity: (['critical', 'high', 'low'] as const)[index % 3]!,
        subject: `card-${index % 4}`,
      }),
    ])
  }
  const { events } = await repository.listEvents({ limit: 48 })
  for (const { eventId, fingerprint } of events) {
    const status = (['open', 'acknowledged', 'resolved', 'open'] as const)[Number(fingerprint) % 4]!
    const now = T0 - 1 + (Number(fingerprint) % 3)
    if (status !== 'open') {
      await repository.updateEvent({ eventId, status, by: 'ada', notes: null, now })
    }
  }
  return (await repository.listEvents({ limit: 48 })).events
}

async function listAll(
  repository: MonitoringRepository,
  filter: MonitoringEventFilter,
): Promise<readonly MonitoringEvent[]> {
  const listed: MonitoringEvent[] = []
  let after: string | undefined
  do {
    const page = await repository.listEvents({ ...filter, after })
    assert.ok(page.events.length <= filter.limit)
    assert.ok(page.next === null || page.events.length === filter.limit)
    listed.push(...page.events)
    after = page.next ?? undefined
  } while (after !== undefined)
  return listed
}

function isWanted(
  event: MonitoringEvent,
  { since = -Infinity, until = Infinity, ...equal }: Omit<MonitoringEventFilter, 'limit'>,
): boolean {
  return (
    event.detectedAt >= since &&
    event.detectedAt < until &&
    Object.entries(equal).every(
      ([name, value]) => value === undefined || event[name as 'status'] === value,
    )
  )
}

function idOf({ eventId }: MonitoringEvent): string {
  return eventId
}
