import assert from 'node:assert/strict'

import type { Finding } from '../detector/finding.ts'
import type {
  KeyState,
  LeaseRequest,
  MonitorCommit,
  MonitorStore,
  PartitionLease,
  SetAsideRow,
  UntoldPage,
} from '../monitor/monitor-store.ts'

/** An empty store, and how the contract looks into it. */
export interface MonitorStoreUnderTest {
  readonly store: MonitorStore
  /** All rows that were set aside, oldest first. */
  readSetAside(this: void): Promise<readonly SetAsideRow[]>
}

/** Makes a store that knows nothing. */
export type CreateMonitorStore = () => Promise<MonitorStoreUnderTest>

/** One thing that every {@link MonitorStore} does. */
export interface MonitorStoreContractCase {
  readonly name: string
  /**
   * @param create makes a store for this case alone
   * @throws AssertionError when the store does not do it
   */
  run(this: void, create: CreateMonitorStore): Promise<void>
}

/**
 * What every implementation of `MonitorStore` does, as data: run each case with any test runner.
 *
 * @example
 * ```ts
 * import { createMemoryMonitorStore } from '@assay/detectors'
 * import { monitorStoreContract } from '@assay/detectors/testing'
 *
 * for (const { run } of monitorStoreContract) {
 *   await run(async () => {
 *     const store = createMemoryMonitorStore()
 *     return { store, readSetAside: async () => store.setAside() }
 *   })
 * }
 * ```
 */
export const monitorStoreContract: readonly MonitorStoreContractCase[] = [
  {
    name: 'lends all partitions to a monitor that is alone, and renews them under the same token',
    async run(create) {
      const { store } = await create()
      const first = await store.lease(request())
      assert.deepEqual(partitionsOf(first), [0, 1, 2, 3])
      assert.ok(first.every(({ pass, owner }) => pass === 'pass' && owner === 'a'))
      assert.deepEqual(await store.lease(request({ now: T0 + 999 })), first)
      assert.deepEqual(await store.lease(request({ now: T0 + 1_998 })), first)
    },
  },
  {
    name: 'shares partitions fairly: one gives back what is beyond its share, the other takes it',
    async run(create) {
      const { store } = await create()
      const all = await store.lease(request())
      assert.deepEqual(await store.lease(request({ owner: 'b' })), [])
      const kept = await store.lease(request())
      assert.equal(kept.length, 2)
      const taken = await store.lease(request({ owner: 'b' }))
      assert.deepEqual(partitionsOf([...kept, ...taken]), [0, 1, 2, 3])
      for (const { partition, token } of taken) {
        assert.ok(token > (all.find((lease) => lease.partition === partition)?.token ?? Infinity))
      }
      assert.deepEqual(await store.lease(request()), kept)
    },
  },
  {
    name: 'lends the partitions of a monitor that is gone to another, from the end of its lease on',
    async run(create) {
      const { store } = await create()
      const former = await store.lease(request())
      assert.deepEqual(await store.lease(request({ owner: 'b', now: T0 + LEASE_MS - 1 })), [])
      const next = await store.lease(request({ owner: 'b', now: T0 + LEASE_MS }))
      assert.deepEqual(partitionsOf(next), partitionsOf(former))
      for (const [index, { token }] of next.entries()) {
        assert.ok(token > (former[index]?.token ?? Infinity))
      }
    },
  },
  {
    name: 'lends partitions again at once when they were given back, and counts their owner no more',
    async run(create) {
      const { store } = await create()
      await store.lease(request())
      await store.lease(request({ pass: 'other pass' }))
      await store.release('a')
      assert.equal((await store.lease(request({ owner: 'b' }))).length, 4)
      assert.equal((await store.lease(request({ owner: 'b', pass: 'other pass' }))).length, 4)
    },
  },
  {
    name: 'takes one pass back and leaves its owner the others',
    async run(create) {
      const { store } = await create()
      const before = await store.lease(request())
      const kept = await store.lease(request({ pass: 'other pass' }))
      await store.release('b', 'pass')
      assert.deepEqual(await store.lease(request({ owner: 'b' })), [])
      await store.release('b')
      await store.release('a', 'pass')
      const taken = await store.lease(request({ owner: 'b' }))
      assert.deepEqual(partitionsOf(taken), partitionsOf(before))
      assert.deepEqual(await store.lease(request({ pass: 'other pass' })), kept)
    },
  },
  {
    name: 'keeps passes apart',
    async run(create) {
      const { store } = await create()
      const lease = await leaseOne(store)
      const other = await leaseOne(store, { pass: 'other pass', owner: 'b' })
      const states = [keyState('card', { wakeAt: 1 })]
      await store.commit(page(lease, { cursor: '7', states }))
      assert.deepEqual(await store.open(other), UNREAD)
      assert.deepEqual([...(await store.loadStates(other, ['card']))], [])
      assert.equal(await store.commit(page(other, { cursor: '3' })), 'committed')
    },
  },
  {
    name: 'remembers how far a partition was read, and the states that wait',
    async run(create) {
      const { store } = await create()
      const lease = await leaseOne(store)
      assert.deepEqual(await store.open(lease), UNREAD)
      const waiting = keyState('waits', { wakeAt: T0 + 5 })
      const states = [waiting, keyState('sleeps')]
      const readAt = T0 - 100
      await store.commit(page(lease, { cursor: '12.3', watermark: -5, readAt, states }))
      const position = { cursor: '12.3', watermark: -5, readAt, waiting: [waiting] }
      assert.deepEqual(await store.open(lease), position)
      const woken = { ...waiting, state: '{"woken":true}', wakeAt: null }
      const watermark = Number.MIN_SAFE_INTEGER
      await store.commit(page(lease, { cursorBefore: '12.3', watermark, states: [woken] }))
      assert.deepEqual(await store.open(lease), {
        cursor: null,
        watermark,
        readAt: null,
        waiting: [],
      })
    },
  },
  {
    name: 'hands out states as they were last committed, in their own partition only',
    async run(create) {
      const { store } = await create()
      const [first, second] = await store.lease(request())
      assert.ok(first !== undefined && second !== undefined)
      const long = keyState('Größe 😀 "\\', { state: `{"text":"\\u0000${'x'.repeat(50_000)}"}` })
      const states = [long, keyState('card', { state: '1' }), keyState('other')]
      await store.commit(page(first, { cursor: '1', states }))
      const newer = keyState('card', { state: '2', wakeAt: 1.5 })
      await store.commit(page(first, { cursorBefore: '1', cursor: '2', states: [newer] }))
      const keys = ['card', long.key, 'unknown']
      assert.deepEqual(byKey(await store.loadStates(first, keys)), byKey([newer, long]))
      assert.deepEqual([...(await store.loadStates(first, []))], [])
      assert.deepEqual([...(await store.loadStates(second, keys))], [])
    },
  },
  {
    name: 'keeps a thousand states of one page',
    async run(create) {
      const { store } = await create()
      const lease = await leaseOne(store)
      const states = Array.from({ length: 1_000 }, (_, index) =>
        keyState(`card-${index}`, { state: String(index), wakeAt: index % 2 === 0 ? index : null }),
      )
      await store.commit(page(lease, { cursor: '1', states }))
      const keys = states.map(({ key }) => key)
      assert.deepEqual(byKey(await store.loadStates(lease, keys)), byKey(states))
      assert.equal((await store.open(lease)).waiting.length, 500)
    },
  },
  {
    name: 'writes nothing for a monitor whose partition another one has taken over',
    async run(create) {
      const { store, readSetAside } = await create()
      const former = await leaseOne(store)
      const lease = await leaseOne(store, { owner: 'b', now: T0 + LEASE_MS })
      assert.equal(await store.commit(fullPage(former)), 'lost')
      assert.deepEqual(await store.open(lease), UNREAD)
      assert.deepEqual([...(await store.loadStates(lease, ['card']))], [])
      assert.deepEqual([...(await store.listUntold({ limit: 10 }))], [])
      assert.deepEqual([...(await readSetAside())], [])
      assert.equal(await store.commit(fullPage(lease)), 'committed')
      assert.equal((await store.listUntold({ limit: 10 })).length, 1)
    },
  },
  {
    name: 'keeps a row once that several passes of its source set aside for the same reason',
    async run(create) {
      const { store, readSetAside } = await create()
      const row = { source: 's', row: '{"a":"€"}', reason: 'wrong' }
      const others = [
        { ...row, source: 't' },
        { ...row, row: '{}' },
        { ...row, reason: 'late' },
      ]
      const one = await leaseOne(store)
      await store.commit({ ...page(one, { cursor: '1' }), setAside: [row, row] })
      const two = await leaseOne(store, { pass: 'another pass' })
      await store.commit({ ...page(two, { cursor: '1' }), setAside: [row, ...others] })
      const kept = (await readSetAside()).map((each) => JSON.stringify(each))
      assert.deepEqual(kept[0], JSON.stringify(row))
      const all = [row, ...others].map((each) => JSON.stringify(each))
      assert.deepEqual(kept.toSorted(), all.toSorted())
    },
  },
  {
    name: 'writes nothing for a page that does not begin where the partition stands',
    async run(create) {
      const { store, readSetAside } = await create()
      const lease = await leaseOne(store)
      await store.commit(page(lease, { cursor: '5' }))
      for (const cursorBefore of [null, '4', '6']) {
        assert.equal(await store.commit({ ...fullPage(lease), cursorBefore }), 'lost')
      }
      assert.equal((await store.open(lease)).cursor, '5')
      assert.deepEqual([...(await store.loadStates(lease, ['card']))], [])
      assert.deepEqual([...(await store.listUntold({ limit: 10 }))], [])
      assert.deepEqual([...(await readSetAside())], [])
    },
  },
  {
    name: 'begins anew for a newer version, and lends nothing to an older one any more',
    async run(create) {
      const { store } = await create()
      const former = await leaseOne(store)
      await store.commit(page(former, { cursor: '5', states: [keyState('card', { wakeAt: 1 })] }))
      const [lease] = await store.lease(request({ owner: 'b', version: 2, partitions: 1 }))
      assert.ok(lease !== undefined && lease.token > former.token)
      const { cursor, watermark, waiting } = await store.open(lease)
      assert.deepEqual({ cursor, watermark, waiting: [...waiting] }, { ...ANEW, waiting: [] })
      assert.deepEqual([...(await store.loadStates(lease, ['card']))], [])
      assert.equal(await store.commit(page(former, { cursorBefore: '5', cursor: '6' })), 'lost')

      const older = await store.lease(request({ partitions: 1, now: T0 + 2 * LEASE_MS }))
      assert.deepEqual([...older], [])
      const newer = request({ owner: 'b', version: 2, partitions: 1, now: T0 + 2 * LEASE_MS })
      assert.equal((await store.lease(newer)).length, 1)
    },
  },
  {
    name: 'lends all to a monitor of the newest version, although older ones still ask',
    async run(create) {
      const { store } = await create()
      await store.lease(request())
      const newer = request({ owner: 'b', version: 2 })
      assert.equal((await store.lease(newer)).length, 4)
      assert.deepEqual([...(await store.lease(request()))], [])
      assert.equal((await store.lease(newer)).length, 4)
    },
  },
  {
    name: 'keeps each field of a finding',
    async run(create) {
      const { store } = await create()
      const full = finding({
        fingerprint: 'x'.repeat(255),
        ruleVersion: 7,
        severity: 'low',
        subject: 'Größe 😀 "\\',
        transactionIds: Array.from({ length: 100 }, (_, index) => `tx-${index}`),
        amount: { amountMinor: -(10n ** 79n) - 1n, currency: 'EUR' },
        eventTime: Number.MAX_SAFE_INTEGER,
        confidence: 0.123_456_789,
        evidence: { text: "it's", count: 2 ** 53, ratio: 0.1, yes: true, none: null },
      })
      const bare = finding({ fingerprint: 'bare', transactionIds: [], evidence: {} })
      const lease = await leaseOne(store)
      await store.commit(page(lease, { findings: [full, bare] }))
      assert.deepEqual(
        [...(await store.listUntold({ limit: 10 }))],
        [
          { finding: full, revision: 1 },
          { finding: bare, revision: 1 },
        ],
      )
    },
  },
  {
    name: 'takes in what cannot stand in a text of the database, as the sign for it',
    async run(create) {
      const { store, readSetAside } = await create()
      const lease = await leaseOne(store)
      const odd = finding({ evidence: { text: 'a\0b\uD800' } })
      const setAside = [{ source: 'ledger', row: '{"a":"b"}', reason: 'a\0b\uDC00' }]
      assert.equal(await store.commit(page(lease, { findings: [odd], setAside })), 'committed')
      assert.equal((await store.listUntold({ limit: 1 })).length, 1)
      assert.equal((await readSetAside()).length, 1)
    },
  },
  ...(
    [
      ['an opening twice', ['open', 'open'], 1],
      ['an update that is not newer', ['open', 'update'], 1],
      ['what follows on an end', ['open', 'resolve', 'update+9', 'open', 'resolve'], 2],
    ] as const
  ).map(([title, steps, revision]): MonitorStoreContractCase => ({
    name: `takes in nothing by ${title}, whether within one page or on two`,
    async run(create) {
      for (const inOnePage of [true, false]) {
        const { store } = await create()
        const found = steps.map(stepOf)
        if (inOnePage) await store.note({ findings: found, rejudged: [], now: T0 })
        else await noteEach(store, found)
        assert.deepEqual(
          [...(await store.listUntold({ limit: 10 }))],
          [{ finding: found[revision - 1], revision }],
        )
      }
    },
  })),
  {
    name: 'lets a finding grow and end, and counts its revisions',
    async run(create) {
      const { store } = await create()
      const grown = ['open', 'update+1', 'update+1', 'update+2', 'resolve'].map(stepOf)
      const revisions: number[] = []
      for (const step of grown) {
        await store.note({ findings: [step], rejudged: [], now: T0 })
        const [untold] = await store.listUntold({ limit: 10 })
        assert.ok(untold !== undefined)
        revisions.push(untold.revision)
      }
      assert.deepEqual(revisions, [1, 2, 2, 3, 4])
      assert.deepEqual(
        [...(await store.listUntold({ limit: 10 }))],
        [{ finding: grown[4], revision: 4 }],
      )
    },
  },
  {
    name: 'takes more transactions at the same time for an update',
    async run(create) {
      const { store } = await create()
      const more = finding({ action: 'update', transactionIds: ['tx-1', 'tx-2'] })
      await noteEach(store, [finding(), more, finding({ action: 'update' })])
      assert.deepEqual(
        [...(await store.listUntold({ limit: 10 }))],
        [{ finding: more, revision: 2 }],
      )
    },
  },
  {
    name: 'takes other figures at the same time for an update, and nothing that is the same again',
    async run(create) {
      const { store } = await create()
      const transactionIds = Array.from({ length: 100 }, (_, index) => `tx-${index}`)
      const first = finding({ transactionIds, evidence: { failed: 130, rateBps: 1_000 } })
      const grown = finding({
        ...first,
        action: 'update',
        evidence: { failed: 160, rateBps: 1_200 },
      })
      const again = finding({ ...grown, evidence: { rateBps: 1_200, failed: 160 } })
      const surer = finding({ ...grown, confidence: 0.5 })
      await noteEach(store, [first, grown, again])
      assert.deepEqual(
        [...(await store.listUntold({ limit: 10 }))],
        [{ finding: grown, revision: 2 }],
      )
      const named = finding({ ...surer, transactionIds: transactionIds.toReversed() })
      await noteEach(store, [surer, named, named])
      assert.deepEqual(
        [...(await store.listUntold({ limit: 10 }))],
        [{ finding: named, revision: 4 }],
      )
    },
  },
  {
    name: 'ends the open findings about a subject that no longer hold, and no others',
    async run(create) {
      const { store } = await create()
      const findings = [
        finding({ fingerprint: 'gone', eventTime: T0 - 5 }),
        finding({ fingerprint: 'holds' }),
        finding({ fingerprint: 'of another rule', ruleId: 'balance.arithmetic' }),
        finding({ fingerprint: 'of another subject', subject: 'card-8' }),
      ]
      await store.note({ findings, rejudged: [], now: T0 - 5 })
      const ruleIds = ['balance.negative', 'balance.continuity']
      const rejudged = [
        { subject: 'card-7', ruleIds, fingerprints: ['holds', 'new'] },
        { subject: 'card-9', ruleIds, fingerprints: [] },
      ]
      const lease = await leaseOne(store)
      const found = [finding({ fingerprint: 'new' })]
      await store.commit(page(lease, { rejudged, findings: found }))
      const untold = await store.listUntold({ limit: 10 })
      assert.deepEqual(
        untold.map(({ finding: { fingerprint, action } }) => [fingerprint, action]),
        [
          ['gone', 'resolve'],
          ['holds', 'open'],
          ['of another rule', 'open'],
          ['of another subject', 'open'],
          ['new', 'open'],
        ],
      )
      const resolved = finding({ fingerprint: 'gone', action: 'resolve', eventTime: T0 })
      assert.deepEqual(untold[0], { finding: resolved, revision: 2 })
    },
  },
  {
    name: 'ends no finding that began before what was judged, however it has grown since',
    async run(create) {
      const { store } = await create()
      const ended = async (): Promise<string[]> =>
        (await store.listUntold({ limit: 10 }))
          .filter(({ finding: { action } }) => action === 'resolve')
          .map(({ finding: { fingerprint } }) => fingerprint)
      const update = { action: 'update' } as const
      await noteEach(store, [
        finding({ fingerprint: 'before', eventTime: T0 - 1 }),
        finding({ fingerprint: 'before', ...update, eventTime: T0 + 5 }),
        finding({ fingerprint: 'at' }),
        finding({ fingerprint: 'at', ...update, eventTime: T0 + 5 }),
      ])
      const judged = { subject: 'card-7', ruleIds: ['balance.negative'], fingerprints: [] }
      await store.note({ findings: [], rejudged: [{ ...judged, since: T0 + 1 }], now: T0 })
      assert.deepEqual(await ended(), [])
      await store.note({ findings: [], rejudged: [{ ...judged, since: T0 }], now: T0 })
      assert.deepEqual(await ended(), ['at'])
      await store.note({ findings: [], rejudged: [judged], now: T0 })
      assert.deepEqual(await ended(), ['before', 'at'])
    },
  },
  {
    name: 'ends findings of every source that was judged with, where several are named',
    async run(create) {
      const { store } = await create()
      const sources = ['north', 'east', 'south']
      const leases = await store.lease(request())
      for (const [index, source] of sources.entries()) {
        const findings = [finding({ fingerprint: source })]
        await store.commit(page(leases[index]!, { cursor: '1', findings, source }))
      }
      const rejudged = [
        {
          subject: 'card-7',
          ruleIds: ['balance.negative'],
          fingerprints: [],
          sources: ['north', 'east'],
        },
      ]
      await store.commit(page(leases[0]!, { cursorBefore: '1', rejudged, source: 'north' }))
      const stands = (await store.listUntold({ limit: 10 })).map(
        ({ finding: { fingerprint, action } }) => `${fingerprint} ${action}`,
      )
      assert.deepEqual(stands, ['north resolve', 'east resolve', 'south open'])
    },
  },
  {
    name: 'ends no finding that came of the events of another source, or of none',
    async run(create) {
      const { store } = await create()
      const rejudged = [{ subject: 'card-7', ruleIds: ['balance.negative'], fingerprints: [] }]
      const lease = await leaseOne(store)
      const other = await leaseOne(store, { pass: 'other pass' })
      const found = [finding({ fingerprint: 'of terminals' })]
      await store.commit(page(lease, { cursor: '1', findings: found, source: 'terminals' }))
      await store.note({ findings: [finding({ fingerprint: 'of none' })], rejudged: [], now: T0 })
      const open = async (): Promise<string[]> =>
        (await store.listUntold({ limit: 10 }))
          .filter(({ finding: { action } }) => action === 'open')
          .map(({ finding: { fingerprint } }) => fingerprint)

      await store.commit(page(other, { cursor: '1', rejudged, source: 'bank' }))
      assert.deepEqual(await open(), ['of terminals', 'of none'])
      await store.note({ findings: [], rejudged, now: T0 })
      assert.deepEqual(await open(), ['of terminals'])
      await store.commit(page(lease, { cursorBefore: '1', rejudged, source: 'terminals' }))
      assert.deepEqual(await open(), [])
    },
  },
  {
    name: 'leaves a finding to the source that proved it first, and one that was refuted to the next',
    async run(create) {
      const { store } = await create()
      const holds = [
        { subject: 'card-7', ruleIds: ['balance.negative'], fingerprints: ['finding'] },
      ]
      const refuted = [{ ...holds[0]!, fingerprints: [] }]
      const [bank, terminals] = await store.lease(request())
      assert.ok(bank !== undefined && terminals !== undefined)
      const lastOf = async (): Promise<string> => {
        const [untold] = await store.listUntold({ limit: 1 })
        return `${untold?.finding.action} ${untold?.finding.eventTime} ${untold?.revision}`
      }
      const commit = async (
        lease: PartitionLease,
        more: Partial<MonitorCommit>,
      ): Promise<string> => {
        const source = lease === bank ? 'bank' : 'terminals'
        assert.equal(await store.commit(page(lease, { ...more, source })), 'committed')
        return lastOf()
      }
      assert.equal(await commit(bank, { findings: [finding()] }), `open ${T0} 1`)
      // Less than is known replaces nothing where another source says it.
      const less = [finding({ action: 'update', eventTime: T0 - 1 })]
      assert.equal(await commit(terminals, { findings: less, rejudged: holds }), `open ${T0} 1`)
      assert.equal(await commit(bank, { rejudged: refuted }), `resolve ${T0} 2`)
      assert.equal(await commit(terminals, { findings: [finding()] }), `open ${T0} 3`)
      assert.equal(await commit(bank, { rejudged: refuted }), `open ${T0} 3`)
      assert.equal(await commit(terminals, { rejudged: refuted }), `resolve ${T0} 4`)
    },
  },
  {
    name: 'opens again what was refuted and comes true again, and nothing that ended by its rule',
    async run(create) {
      const { store } = await create()
      const refuted = [
        { subject: 'card-7', ruleIds: ['balance.negative'], fingerprints: [] as string[] },
      ]
      const untold = async (): Promise<string> => {
        const [first] = await store.listUntold({ limit: 1 })
        return `${first?.finding.action} ${first?.revision}`
      }
      await noteEach(store, [finding()])
      await store.note({ findings: [], rejudged: refuted, now: T0 })
      assert.equal(await untold(), 'resolve 2')
      await store.note({ findings: [], rejudged: refuted, now: T0 + 60_000 })
      assert.equal(await untold(), 'resolve 2')
      await store.note({ findings: [finding()], rejudged: [], now: T0 })
      assert.equal(await untold(), 'open 3')
      await store.note({ findings: [stepOf('update+1')], rejudged: refuted, now: T0 })
      assert.equal(await untold(), 'update 5')
      await noteEach(store, [stepOf('resolve+2'), stepOf('open'), stepOf('update+3')])
      assert.equal(await untold(), 'resolve 6')
    },
  },
  {
    name: 'takes the judgement of a subject as a whole for what holds, also where it says less',
    async run(create) {
      const { store } = await create()
      const grown = finding({ action: 'update', eventTime: T0 + 5, transactionIds: ['a', 'b'] })
      await noteEach(store, [finding(), grown])
      const less = finding({ action: 'update', eventTime: T0 + 3, transactionIds: ['a', 'c'] })
      const rejudged = [
        { subject: 'card-7', ruleIds: ['balance.negative'], fingerprints: ['finding'] },
      ]
      await store.note({ findings: [less], rejudged, now: T0 })
      assert.deepEqual(
        [...(await store.listUntold({ limit: 10 }))],
        [{ finding: less, revision: 3 }],
      )
      await store.note({ findings: [less], rejudged, now: T0 })
      assert.deepEqual(
        [...(await store.listUntold({ limit: 10 }))],
        [{ finding: less, revision: 3 }],
      )
    },
  },
  ...(
    [
      ['amount', { amount: { amountMinor: -6n, currency: 'EUR' } }],
      ['currency', { amount: { amountMinor: -5n, currency: 'USD' } }],
      ['severity', { severity: 'critical' }],
      ['confidence', { confidence: 0.5 }],
    ] as const
  ).map(([title, changed]): MonitorStoreContractCase => ({
    name: `takes another ${title} for a change where a subject was judged as a whole`,
    async run(create) {
      const { store } = await create()
      const first = finding({ amount: { amountMinor: -5n, currency: 'EUR' } })
      const rejudged = [
        { subject: 'card-7', ruleIds: ['balance.negative'], fingerprints: ['finding'] },
      ]
      await noteEach(store, [first])
      await store.note({ findings: [first], rejudged, now: T0 })
      assert.equal((await store.listUntold({ limit: 1 }))[0]?.revision, 1)
      const next = { ...first, ...changed }
      await store.note({ findings: [next], rejudged, now: T0 })
      assert.deepEqual(
        [...(await store.listUntold({ limit: 10 }))],
        [{ finding: next, revision: 2 }],
      )
    },
  })),
  {
    name: 'tells findings oldest first, and again once they have changed',
    async run(create) {
      const { store } = await create()
      const [first, second, third] = ['c', 'a', 'b'].map((fingerprint) => finding({ fingerprint }))
      assert.ok(first !== undefined && second !== undefined && third !== undefined)
      await noteEach(store, [first, second, third])
      assert.deepEqual(
        (await store.listUntold({ limit: 2 })).map(({ finding: { fingerprint } }) => fingerprint),
        ['c', 'a'],
      )
      await store.markTold([
        { fingerprint: 'a', revision: 1 },
        { fingerprint: 'c', revision: 1 },
        { fingerprint: 'unknown', revision: 1 },
      ])
      assert.deepEqual(
        [...(await store.listUntold({ limit: 10 }))],
        [{ finding: third, revision: 1 }],
      )
      const grown = finding({ fingerprint: 'c', action: 'update', eventTime: T0 + 1 })
      await noteEach(store, [grown])
      assert.deepEqual(
        [...(await store.listUntold({ limit: 10 }))],
        [
          { finding: grown, revision: 2 },
          { finding: third, revision: 1 },
        ],
      )
    },
  },
  {
    name: 'lists untold findings page after page, also where some are told meanwhile',
    async run(create) {
      const { store } = await create()
      const names = ['e', 'a', 'd', 'b', 'c']
      await noteEach(
        store,
        names.map((fingerprint) => finding({ fingerprint })),
      )
      const list = async (page: UntoldPage): Promise<readonly string[]> =>
        (await store.listUntold(page)).map((one) => one.finding.fingerprint)
      assert.deepEqual(await list({ limit: 2 }), ['e', 'a'])
      await store.markTold([{ fingerprint: 'a', revision: 1 }])
      assert.deepEqual(await list({ after: 'a', limit: 2 }), ['d', 'b'])
      assert.deepEqual(await list({ after: 'b', limit: 2 }), ['c'])
      assert.deepEqual(await list({ after: 'c', limit: 2 }), [])
      assert.deepEqual(await list({ after: 'gone', limit: 1 }), ['e'])
    },
  },
  {
    name: 'does not take a later revision for told by an earlier one',
    async run(create) {
      const { store } = await create()
      await noteEach(store, [finding(), stepOf('update+1')])
      await store.markTold([{ fingerprint: 'finding', revision: 1 }])
      assert.equal((await store.listUntold({ limit: 10 })).length, 1)
      await store.markTold([{ fingerprint: 'finding', revision: 2 }])
      await store.markTold([])
      assert.deepEqual([...(await store.listUntold({ limit: 10 }))], [])
    },
  },
  {
    name: 'tells what is true once more when somebody who stalled has told what was true before',
    async run(create) {
      const { store } = await create()
      await noteEach(store, [finding(), stepOf('resolve')])
      await store.markTold([{ fingerprint: 'finding', revision: 2 }])
      assert.deepEqual([...(await store.listUntold({ limit: 10 }))], [])
      await store.markTold([{ fingerprint: 'finding', revision: 1 }])
      assert.deepEqual(
        [...(await store.listUntold({ limit: 10 }))],
        [{ finding: stepOf('resolve'), revision: 2 }],
      )
    },
  },
  {
    name: 'keeps what was set aside, in order',
    async run(create) {
      const { store, readSetAside } = await create()
      const lease = await leaseOne(store)
      const rows = [1, 2, 3].map((number) => ({
        source: 'ledger',
        row: JSON.stringify({ number, text: `😀 "\\${'x'.repeat(4_000)}` }),
        reason: `amountMinor: wrong ${number}`,
      }))
      await store.commit(page(lease, { cursor: '1', setAside: rows.slice(0, 2) }))
      await store.commit(page(lease, { cursorBefore: '1', cursor: '2', setAside: rows.slice(2) }))
      assert.deepEqual([...(await readSetAside())], rows)
    },
  },
  {
    name: 'tells how far each partition was read, and who holds it',
    async run(create) {
      const { store } = await create()
      assert.deepEqual([...(await store.listPositions())], [])
      const [first] = await store.lease(request({ partitions: 2 }))
      assert.ok(first !== undefined)
      await store.commit(page(first, { watermark: T0 - 10, readAt: T0 - 1 }))
      const held = { pass: 'pass', owner: 'a', beganAt: T0 }
      assert.deepEqual(
        [...(await store.listPositions())],
        [
          { ...held, partition: 0, watermark: T0 - 10, readAt: T0 - 1 },
          { ...held, partition: 1, watermark: null, readAt: null },
        ],
      )
      await store.release('a')
      assert.deepEqual(
        (await store.listPositions()).map(({ owner }) => owner),
        [null, null],
      )
    },
  },
  {
    name: 'remembers when a partition was lent first, whoever holds it in whatever version',
    async run(create) {
      const { store } = await create()
      await store.lease(request({ partitions: 1 }))
      await store.release('a')
      await store.lease(request({ owner: 'b', partitions: 2, now: T0 + 5 }))
      await store.lease(request({ owner: 'b', partitions: 2, now: T0 + 9, version: 2 }))
      assert.deepEqual(
        (await store.listPositions()).map(({ beganAt }) => beganAt),
        [T0, T0 + 5],
      )
    },
  },
]

const T0 = 1_749_895_200_000
const LEASE_MS = 1_000
const UNREAD = { cursor: null, watermark: null, readAt: null, waiting: [] }
const ANEW = { cursor: null, watermark: null }

function request(fields: Partial<LeaseRequest> = {}): LeaseRequest {
  return {
    pass: 'pass',
    version: 1,
    partitions: 4,
    owner: 'a',
    now: T0,
    leaseMs: LEASE_MS,
    ...fields,
  }
}

async function leaseOne(
  store: MonitorStore,
  fields: Partial<LeaseRequest> = {},
): Promise<PartitionLease> {
  const [lease] = await store.lease(request({ partitions: 1, ...fields }))
  assert.ok(lease !== undefined, 'the store lends nothing')
  return lease
}

function page(lease: PartitionLease, fields: Partial<MonitorCommit> = {}): MonitorCommit {
  return {
    lease,
    cursorBefore: null,
    cursor: null,
    watermark: T0,
    readAt: null,
    now: T0,
    states: [],
    findings: [],
    rejudged: [],
    setAside: [],
    source: null,
    ...fields,
  }
}

/** A page that writes something of each kind. */
function fullPage(lease: PartitionLease): MonitorCommit {
  return page(lease, {
    cursor: '1',
    states: [keyState('card', { wakeAt: 1 })],
    findings: [finding()],
    setAside: [{ source: 'ledger', row: '{}', reason: 'wrong' }],
  })
}

function keyState(key: string, fields: Partial<KeyState> = {}): KeyState {
  return { key, state: '{}', wakeAt: null, ...fields }
}

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
    evidence: { balanceMinor: '-5' },
    ...fields,
  }
}

/** `update+3` is an update by an event that came 3 ms after the first. */
function stepOf(step: string): Finding {
  const [action = '', later = '0'] = step.split('+')
  return finding({ action: action as Finding['action'], eventTime: T0 + Number(later) })
}

async function noteEach(store: MonitorStore, findings: readonly Finding[]): Promise<void> {
  for (const each of findings) await store.note({ findings: [each], rejudged: [], now: T0 })
}

function partitionsOf(leases: readonly PartitionLease[]): number[] {
  return leases.map(({ partition }) => partition).toSorted((a, b) => a - b)
}

function byKey(states: readonly KeyState[]): KeyState[] {
  return states.toSorted((a, b) => (a.key < b.key ? -1 : 1))
}
