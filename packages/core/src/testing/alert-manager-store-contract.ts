import assert from 'node:assert/strict'

import { type AlertGroupState, createAlertGroupState } from '../alert-manager/alert-group-state.ts'
import type { AlertHistoryEntry } from '../alert-manager/alert-history.ts'
import type {
  AlertGroupCommit,
  AlertManagerStore,
  AlertTelling,
  ClaimedAlertGroup,
} from '../alert-manager/alert-manager-store.ts'
import { createAlertManager } from '../alert-manager/create-alert-manager.ts'
import type { Silence } from '../alert-manager/silence.ts'
import type { AlertGroupRef, StoredAlertChange } from '../alert-manager/stored-alert-change.ts'
import type { Alert } from '../alerts/alert.ts'
import { createRecordingChannel } from './recording-channel.ts'
import { createTestClock } from './test-clock.ts'

/** One thing that every {@link AlertManagerStore} does. */
export interface AlertManagerStoreContractCase {
  readonly name: string
  /**
   * @param store an empty one, of this case's own
   * @throws AssertionError when the store does not do it
   */
  run(this: void, store: AlertManagerStore): Promise<void>
}

/**
 * What every implementation of `AlertManagerStore` does, as data: run each case with any test runner,
 * on an empty store.
 *
 * @example
 * ```ts
 * import { createMemoryAlertManagerStore } from '@assay/core'
 * import { alertManagerStoreContract } from '@assay/core/testing'
 *
 * for (const { run } of alertManagerStoreContract) await run(createMemoryAlertManagerStore())
 * ```
 */
export const alertManagerStoreContract: readonly AlertManagerStoreContractCase[] = [
  {
    name: 'keeps each field of an alert, and of the group that it opens',
    async run(store) {
      const alert: Alert = {
        ...plainAlert,
        labels: { id: "it's", 'naïve 🎪': '\n"\\', empty: '' },
        description: 'more',
        runbookUrl: 'https://runbook.example/1',
        value: -0.5,
      }
      const inhibits = ['x:1', "y'2"]
      const change = fire('a', { alert, inhibits, expiresAt: NOW + 5, groups: [group('g', 10)] })
      assert.deepEqual(await outcomes(store, [change]), ['accepted'])
      const [stored] = await store.listAlerts(10)
      const kept = { fingerprint: 'a', firedAt: NOW, endsAt: null, expiresAt: NOW + 5 }
      const placed = { inhibits, groupKeys: ['g'], placedAt: NOW }
      assert.deepEqual(plain(stored), plain({ ...kept, alert, ...placed }))

      const [claimed] = await claim(store, NOW + 10)
      assert.deepEqual(plain(claimed), {
        key: 'g',
        routeId: 'route of g',
        receiver: 'team',
        labels: { of: "g'" },
        createdAt: NOW,
        acknowledgement: null,
        state: createAlertGroupState(NOW + 10),
        isAbandoned: false,
        members: [{ stored: plain(stored), told: [], unsure: [] }],
      })
    },
  },
  {
    name: 'says what became of each change of a batch, in order',
    async run(store) {
      const changes = [resolve('a'), fire('a'), fire('a'), resolve('a'), resolve('a'), fire('a')]
      assert.deepEqual(await outcomes(store, changes), [
        'not-firing',
        'accepted',
        'updated',
        'resolved',
        'not-firing',
        'accepted',
      ])
      assert.deepEqual(await outcomes(store, []), [])
    },
  },
  {
    name: 'keeps the newest of an alert, and since when it fires',
    async run(store) {
      await store.put([fire('a')], LIMITS)
      const news = { ...plainAlert, severity: 'critical', summary: 'worse' } as const
      await store.put([fire('a', { alert: news, at: NOW + 1, expiresAt: NOW + 9 })], LIMITS)
      const [stored] = await store.listAlerts(10)
      assert.equal(stored?.alert.summary, 'worse')
      assert.equal(stored?.firedAt, NOW)
      assert.equal(stored?.expiresAt, NOW + 9)
    },
  },
  {
    name: 'refuses new alerts and groups at the limits, and lets in what is reserved',
    async run(store) {
      const limits = { alerts: 2, groups: 1 }
      const inOther = { groups: [group('other')] }
      const put = async (change: StoredAlertChange) => {
        const [result] = await store.put([change], limits)
        return result
      }
      assert.deepEqual(await put(fire('a')), { outcome: 'accepted', droppedGroupCount: 0 })
      assert.deepEqual(await put(fire('b', inOther)), {
        outcome: 'group-limit',
        droppedGroupCount: 1,
      })
      const inBoth = { groups: [group('g'), group('other')] }
      assert.deepEqual(await put(fire('b', inBoth)), { outcome: 'accepted', droppedGroupCount: 1 })
      assert.deepEqual(await put(fire('c')), { outcome: 'alert-limit', droppedGroupCount: 0 })
      assert.equal((await put(fire('a')))?.outcome, 'updated')
      assert.equal((await put(resolve('a')))?.outcome, 'resolved')
      assert.equal((await put(fire('c', { ...inOther, isReserved: true })))?.outcome, 'accepted')
      assert.equal((await store.listAlerts(10)).length, 3)
      const keys = await claim(store, NOW).then((groups) => groups.map(({ key }) => key))
      assert.deepEqual(keys.toSorted(), ['g', 'other'])
    },
  },
  {
    name: 'lends a group that is due once, the longest due first, until the lease has run out',
    async run(store) {
      await store.put(
        [
          fire('a', { groups: [group('later', 20)] }),
          fire('b', { groups: [group('sooner', 10)] }),
          fire('c', { groups: [group('future', 100)] }),
        ],
        LIMITS,
      )
      assert.deepEqual(await keysOf(claim(store, NOW + 9)), [])
      assert.deepEqual(await keysOf(claim(store, NOW + 50, { limit: 1 })), ['sooner'])
      assert.deepEqual(await keysOf(claim(store, NOW + 50)), ['later'])
      assert.deepEqual(await keysOf(claim(store, NOW + 50)), [])
      const afterLease = await claim(store, NOW + 50 + LEASE_MS)
      assert.deepEqual(
        afterLease.map(({ key, isAbandoned }) => [key, isAbandoned]),
        [
          ['sooner', true],
          ['later', true],
          ['future', false],
        ],
      )
    },
  },
  {
    name: 'lends each group to one of many that ask at once',
    async run(store) {
      const changes = Array.from({ length: 20 }, (_, n) =>
        fire(`a${n}`, { groups: [group(`g${n}`)] }),
      )
      await store.put(changes, LIMITS)
      const lists = await Promise.all(
        Array.from({ length: 10 }, (_, n) => claim(store, NOW, { token: `t${n}`, limit: 5 })),
      )
      const keys = lists.flat().map(({ key }) => key)
      assert.equal(new Set(keys).size, keys.length)
      keys.push(...(await keysOf(claim(store, NOW))))
      assert.equal(new Set(keys).size, 20)
      assert.equal(keys.length, 20)
    },
  },
  {
    name: 'commits what a round has done, and lends the group when it is due again',
    async run(store) {
      await store.put([fire('a')], LIMITS)
      const state: AlertGroupState = {
        flushAt: NOW + 40,
        targets: {
          team: { ...blankTarget, sequence: 1, notifiedAt: NOW, retryAt: NOW + 7 },
          constructor: { ...blankTarget, owedLevel: 2, failureCount: 3 },
        },
        escalation: { severity: 'high', level: 1, nextAt: NOW + 60, stoppedAt: null },
        acknowledgedAt: 0,
      }
      await claim(store, NOW)
      const tellings = [{ fingerprint: 'a', told: ['team', 'constructor'], unsure: ['page'] }]
      assert.equal(await store.commit(commit({ state, nextAt: NOW + 7, tellings })), true)
      assert.deepEqual(await keysOf(claim(store, NOW + 6)), [])
      const [claimed] = await claim(store, NOW + 7)
      assert.deepEqual(plain(claimed?.state), plain(state))
      assert.deepEqual(claimed?.members[0]?.told, ['team', 'constructor'])
      assert.deepEqual(claimed?.members[0]?.unsure, ['page'])
    },
  },
  {
    name: 'refuses a commit whose claim does not hold any more, and changes nothing',
    async run(store) {
      await store.put([fire('a')], LIMITS)
      const tellings = [{ fingerprint: 'a', told: ['team'], unsure: [] }]
      const stale = commit({ tellings, history: [entry()] })
      assert.equal(await store.commit(stale), false)
      await claim(store, NOW)
      await claim(store, NOW + LEASE_MS, { token: 'another' })
      assert.equal(await store.commit(stale), false)
      assert.equal(await store.commit({ ...stale, key: 'nothing', token: 'another' }), false)
      assert.equal(
        await store.commit({ ...stale, token: 'another', tellings: [], history: [] }),
        true,
      )
      assert.equal(await store.commit({ ...stale, token: 'another' }), false)
      const [claimed] = await claim(store, NOW + LEASE_MS)
      assert.deepEqual(claimed?.members[0]?.told, [])
      assert.deepEqual(await store.listHistory({ limit: 10 }), [])
    },
  },
  {
    name: 'lets members go that ended or went elsewhere, once nobody was told of them',
    async run(store) {
      const elsewhere = [group('elsewhere', 10_000)]
      await store.put(
        ['ended', 'known', 'unsure', 'moved', 'firing'].map((name) => fire(name)),
        LIMITS,
      )
      await store.put([resolve('ended'), resolve('known'), resolve('unsure')], LIMITS)
      await store.put([fire('moved', { groups: elsewhere })], LIMITS)
      const known = [
        { fingerprint: 'known', told: ['team'], unsure: [] },
        { fingerprint: 'unsure', told: [], unsure: ['team'] },
      ]
      await claim(store, NOW)
      const listed = [...known, ...['ended', 'moved', 'firing', 'nothing'].map(unknown)]
      await store.commit(commit({ tellings: listed }))

      const [claimed] = await claim(store, NOW)
      assert.deepEqual(membersOf(claimed), ['firing', 'known', 'unsure'])
      const kept = (await store.listAlerts(10)).map(({ fingerprint }) => fingerprint)
      assert.deepEqual(kept.toSorted(), ['firing', 'known', 'moved', 'unsure'])

      await store.put([resolve('firing')], LIMITS)
      // The round has not seen that end, so that it cannot be in the history.
      await store.commit(commit({ tellings: ['known', 'unsure'].map(unknown) }))
      assert.deepEqual(membersOf((await claim(store, NOW))[0]), ['firing'])
      await store.commit(commit({ tellings: [unknown('firing')] }))
      assert.deepEqual(await keysOf(claim(store, NOW + 9_999)), [])
      assert.deepEqual(
        (await store.listAlerts(10)).map(({ fingerprint }) => fingerprint),
        ['moved'],
      )
    },
  },
  {
    name: 'keeps an alert that fires again while its group is out on loan',
    async run(store) {
      await store.put([fire('a')], LIMITS)
      await store.put([resolve('a')], LIMITS)
      await claim(store, NOW)
      await store.put([fire('a', { at: NOW + 3 }), fire('b')], LIMITS)
      await store.commit(commit({ tellings: [unknown('a')] }))
      const [claimed] = await claim(store, NOW)
      assert.deepEqual(membersOf(claimed), ['a', 'b'])
      assert.equal(
        claimed?.members.find(({ stored }) => stored.fingerprint === 'a')?.stored.firedAt,
        NOW + 3,
      )
    },
  },
  {
    name: 'opens a group anew when its last member has gone',
    async run(store) {
      await store.put([fire('a'), resolve('a')], LIMITS)
      await claim(store, NOW)
      await store.commit(commit({ tellings: [unknown('a')] }))
      await store.put([fire('a', { at: NOW + 100, groups: [group('g', 50)] })], LIMITS)
      assert.deepEqual(await keysOf(claim(store, NOW + 149)), [])
      const [claimed] = await claim(store, NOW + 150)
      assert.equal(claimed?.createdAt, NOW + 100)
      assert.deepEqual(membersOf(claimed), ['a'])
    },
  },
  {
    name: 'opens a group when the first of a batch joins it',
    async run(store) {
      const groups = [group('g', 10)]
      await store.put([fire('a', { groups }), fire('b', { at: NOW + 5, groups })], LIMITS)
      const [claimed] = await claim(store, NOW + 10)
      assert.equal(claimed?.createdAt, NOW)
      assert.deepEqual(membersOf(claimed), ['a', 'b'])
    },
  },
  {
    name: 'sends an alert elsewhere only while it fires',
    async run(store) {
      const groups = [group('elsewhere')]
      const reroute = { kind: 'reroute', fingerprint: 'a', at: NOW, inhibits: [], groups } as const
      assert.deepEqual(await outcomes(store, [reroute]), ['not-firing'])
      await store.put([fire('a', { expiresAt: NOW + 5 })], LIMITS)
      assert.deepEqual(await outcomes(store, [reroute]), ['updated'])
      const [stored] = await store.listAlerts(10)
      assert.deepEqual(stored?.groupKeys, ['elsewhere'])
      assert.equal(stored?.expiresAt, NOW + 5)
      await store.put([resolve('a')], LIMITS)
      assert.deepEqual(await outcomes(store, [reroute]), ['not-firing'])
    },
  },
  {
    name: 'leaves an alert where another policy has placed it since, and has it mute what both say',
    async run(store) {
      const [before, after] = [NOW - 1, NOW + 1]
      const inG = { groups: [group('g')], inhibits: ['x'] }
      const inH = { groups: [group('h', 50)], inhibits: ['y'] }
      const fireIn = async (given: Partial<Fire>) => {
        await store.put([fire('a', given)], LIMITS)
        const [stored] = await store.listAlerts(10)
        return [stored?.groupKeys, stored?.inhibits, stored?.placedAt]
      }
      assert.deepEqual(await fireIn({ ...inG, policySince: before }), [['g'], ['x'], NOW])
      const stayed = [['g'], ['x', 'y'], NOW]
      assert.deepEqual(await fireIn({ ...inH, at: NOW + 5, policySince: before }), stayed)
      assert.deepEqual(await fireIn({ ...inG, at: NOW + 5, policySince: before }), stayed)
      const moved = [['h'], ['y'], NOW + 9]
      assert.deepEqual(await fireIn({ ...inH, at: NOW + 9, policySince: after }), moved)
      assert.deepEqual(await fireIn({ ...inH, at: NOW + 10, policySince: after }), moved)
      assert.deepEqual(await fireIn({ ...inG, at: NOW + 10, policySince: before }), [
        ['h'],
        ['y', 'x'],
        NOW + 9,
      ])
      // It has not waited again, and its group is as young as it is.
      const [, opened] = await claim(store, NOW + 50)
      assert.deepEqual([opened?.key, opened?.createdAt], ['h', NOW + 9])

      const worse = { ...plainAlert, severity: 'critical' } as const
      const placed = await fireIn({ ...inG, alert: worse, at: NOW + 11, policySince: before })
      assert.deepEqual(placed, [['g'], ['x'], NOW + 11])
    },
  },
  {
    name: 'places an alert anew for which there was no room, as soon as there is',
    async run(store) {
      const limits = { alerts: 10, groups: 1 }
      const groups = [group('g'), group('h')]
      const news = fire('a', { groups, policySince: NOW - 1 })
      const placed = async () => {
        const stored = (await store.listAlerts(10)).find(({ fingerprint }) => fingerprint === 'a')
        return [stored?.groupKeys, stored?.placedAt]
      }
      await store.put([fire('b')], limits)
      assert.equal((await store.put([news], limits))[0]?.droppedGroupCount, 1)
      assert.deepEqual(await placed(), [['g'], null])
      assert.equal((await store.put([news], LIMITS))[0]?.droppedGroupCount, 0)
      assert.deepEqual(await placed(), [['g', 'h'], NOW])
    },
  },
  {
    name: 'leaves groups to those who have their channel, until nobody has come for a lease',
    async run(store) {
      const groups = [group('g'), group('h', 0, 'page')]
      await store.put([fire('a', { groups })], LIMITS)
      const ask = async (now: number, ...receivers: string[]) =>
        (await keysOf(claim(store, now, { receivers }))).toSorted()
      assert.deepEqual(await ask(NOW + LEASE_MS - 1, 'lead'), [])
      assert.deepEqual(await ask(NOW + LEASE_MS - 1, 'team', 'lead'), ['g'])
      assert.deepEqual(await ask(NOW + LEASE_MS, 'lead'), ['h'])
    },
  },
  {
    name: 'knows which inhibitors fire',
    async run(store) {
      const ask = async (): Promise<string[]> => [
        ...(await store.firingInhibitors(['x', 'y', 'z'])),
      ]
      assert.deepEqual(await ask(), [])
      await store.put(
        [fire('a', { inhibits: ['x', 'other'] }), fire('b', { inhibits: ['x', 'y'] })],
        LIMITS,
      )
      assert.deepEqual((await ask()).toSorted(), ['x', 'y'])
      await store.put([resolve('b')], LIMITS)
      assert.deepEqual(await ask(), ['x'])
      await store.put([fire('a', { inhibits: ['z'] })], LIMITS)
      assert.deepEqual(await ask(), ['z'])
      await store.put([fire('a', { inhibits: ['z'], expiresAt: NOW + 1 })], LIMITS)
      await store.expireAlerts(NOW + 1)
      assert.deepEqual(await ask(), [])
      assert.deepEqual([...(await store.firingInhibitors([]))], [])
    },
  },
  {
    name: 'ends alerts that should have been fired again',
    async run(store) {
      await store.put(
        [fire('a', { expiresAt: NOW + 10 }), fire('b'), fire('c', { expiresAt: NOW + 20 })],
        LIMITS,
      )
      assert.equal(await store.expireAlerts(NOW + 9), 0)
      assert.equal(await store.expireAlerts(NOW + 10), 1)
      assert.equal(await store.expireAlerts(NOW + 10), 0)
      const alerts = await store.listAlerts(10)
      const ended = alerts.filter(({ endsAt }) => endsAt !== null)
      assert.deepEqual(
        ended.map(({ fingerprint, endsAt }) => [fingerprint, endsAt]),
        [['a', NOW + 10]],
      )
    },
  },
  {
    name: 'lists what fires and a receiver was told of, the worst first, up to the limit',
    async run(store) {
      const alertOf = (severity: Alert['severity']): Alert => ({ ...plainAlert, severity })
      const both = [group('g'), group('h')]
      await store.put(
        [
          fire('low', { alert: alertOf('low'), groups: both }),
          fire('younger', { at: NOW + 1, groups: both }),
          fire('older', { groups: both }),
          fire('worst', { alert: alertOf('critical'), at: NOW + 2, groups: both }),
          ...['ended', 'unsure', 'untold', 'another'].map((name) => fire(name)),
        ],
        LIMITS,
      )
      const ask = async (receiver: string, limit: number) => {
        const { alerts, omittedCount } = await store.listTold({ receiver, limit })
        return [...alerts.map(({ fingerprint }) => fingerprint), omittedCount]
      }
      assert.deepEqual(await ask('team', 10), [0])

      await claim(store, NOW)
      const known = ['low', 'younger', 'older', 'worst', 'ended'].map((fingerprint) => ({
        fingerprint,
        told: ['page', 'team'],
        unsure: [],
      }))
      const others = [
        { fingerprint: 'unsure', told: [], unsure: ['team'] },
        { fingerprint: 'another', told: ["t'eam"], unsure: [] },
      ]
      await store.commit(commit({ tellings: [...known, ...others] }))
      await store.commit(commit({ key: 'h', tellings: known }))
      await store.put([resolve('ended')], LIMITS)
      assert.deepEqual(await ask('team', 10), ['worst', 'older', 'younger', 'low', 0])
      assert.deepEqual(await ask('team', 4), ['worst', 'older', 'younger', 'low', 0])
      assert.deepEqual(await ask('team', 3), ['worst', 'older', 'younger', 1])
      assert.deepEqual(await ask("t'eam", 10), ['another', 0])
      assert.deepEqual(await ask('nobody', 10), [0])

      const [told] = (await store.listTold({ receiver: 'team', limit: 1 })).alerts
      const kept = (await store.listAlerts(10)).find(({ fingerprint }) => fingerprint === 'worst')
      assert.deepEqual(plain(told), plain(kept))
    },
  },
  {
    name: 'says which alerts fire',
    async run(store) {
      await store.put([fire('a'), fire('b'), fire("c'"), fire('d', { expiresAt: NOW + 1 })], LIMITS)
      await store.put([resolve('b')], LIMITS)
      await store.expireAlerts(NOW + 1)
      const firing = await store.firingAmong(['a', 'b', "c'", 'd', 'nothing'])
      assert.deepEqual([...firing].toSorted(), ['a', "c'"])
      assert.deepEqual([...(await store.firingAmong([]))], [])
    },
  },
  {
    name: 'notes who took a group on, and makes it due, also while it is out on loan',
    async run(store) {
      const both = [group('g', 1_000), group('h', 1_000)]
      await store.put(
        [fire('a', { groups: both }), fire('b', { groups: [group('i', 1_000)] })],
        LIMITS,
      )
      assert.deepEqual(await store.acknowledge({ key: 'nothing', by: 'kim', at: NOW }), [])
      const byAlert = await store.acknowledge({ key: 'a', by: 'kim', at: NOW + 1 })
      assert.deepEqual(byAlert.toSorted(), ['g', 'h'])
      const claimed = await claim(store, NOW + 1)
      assert.deepEqual(claimed.map(({ key }) => key).toSorted(), ['g', 'h'])
      assert.deepEqual(claimed[0]?.acknowledgement, { by: 'kim', at: NOW + 1 })

      const byGroup = await store.acknowledge({ key: 'g', by: 'lee', at: NOW + 2 })
      assert.deepEqual(byGroup, ['g'])
      const seen = { ...createAlertGroupState(NOW + 1_000), acknowledgedAt: NOW + 1 }
      const later = { state: seen, nextAt: NOW + 1_000 }
      assert.equal(await store.commit(commit({ ...later, key: 'g' })), true)
      assert.equal(await store.commit(commit({ ...later, key: 'h' })), true)
      const [again, ...others] = await claim(store, NOW + 2)
      assert.deepEqual(again?.acknowledgement, { by: 'lee', at: NOW + 2 })
      assert.deepEqual(others, [])
    },
  },
  {
    name: 'keeps silences until they have ended, up to the limit',
    async run(store) {
      const bound = { now: NOW, limit: 2 }
      const a = silence('a', NOW + 20)
      const b = silence('b', NOW + 10)
      assert.equal(await store.addSilence(a, bound), true)
      assert.equal(await store.addSilence(b, bound), true)
      assert.equal(await store.addSilence(silence('c', NOW + 5), bound), false)
      assert.deepEqual(plain(await store.listSilences(NOW)), plain([b, a]))
      assert.deepEqual(plain(await store.listSilences(NOW + 10)), plain([a]))
      assert.equal(await store.endSilence('nothing', NOW), false)
      assert.equal(await store.endSilence('b', NOW + 10), false)
      assert.equal(await store.endSilence('a', NOW + 11), true)
      assert.equal(await store.endSilence('a', NOW + 11), false)
      assert.deepEqual(await store.listSilences(NOW + 11), [])
      assert.equal(
        await store.addSilence(silence('d', NOW + 99), { now: NOW + 20, limit: 1 }),
        true,
      )
    },
  },
  {
    name: 'finds entries of the history, the newest first',
    async run(store) {
      await store.put([fire('a')], LIMITS)
      const entries = [
        entry({ at: NOW, fingerprints: ['a', "b'"], message: 'first 🎪' }),
        entry({
          at: NOW + 1,
          event: 'refused',
          errorCode: 'X_Y',
          receiver: 'page',
          severity: 'low',
        }),
        entry({
          at: NOW + 2,
          event: 'acknowledged',
          reason: 'acknowledged',
          acknowledgedBy: 'kim',
        }),
        entry({ at: NOW + 3, reason: 'escalation', escalationLevel: 2, groupKey: 'h' }),
        entry({ at: NOW + 4, event: 'resolved', reason: 'resolved', groupKey: 'i' }),
      ]
      // What was entered later may have happened before.
      for (const history of [entries.slice(2), entries.slice(0, 2)]) {
        await claim(store, NOW)
        await store.commit(commit({ history }))
      }
      const find = (filter: object) => store.listHistory({ limit: 10, ...filter })
      assert.deepEqual(plain(await find({})), plain(entries.toReversed()))
      assert.deepEqual(plain(await find({ limit: 1 })), plain([entries[4]]))
      assert.deepEqual(plain(await find({ fingerprint: "b'" })), plain([entries[0]]))
      assert.deepEqual(plain(await find({ receiver: 'page' })), plain([entries[1]]))
      assert.deepEqual(plain(await find({ groupKey: 'h' })), plain([entries[3]]))
      assert.equal((await find({ since: NOW + 2 })).length, 3)
      assert.equal((await find({ since: NOW + 2, receiver: 'page' })).length, 0)
    },
  },
  {
    name: 'forgets what is old',
    async run(store) {
      await store.put([fire('a')], LIMITS)
      await claim(store, NOW)
      const history = [0, 1, 2, 3].map((after) => entry({ at: NOW + after }))
      await store.commit(commit({ history }))
      const bound = { historyBefore: NOW + 3, now: NOW, limit: 2 }
      assert.equal(await store.prune(bound), 2)
      assert.deepEqual(
        (await store.listHistory({ limit: 10 })).map(({ at }) => at),
        [NOW + 3, NOW + 2],
      )
      assert.equal(await store.prune(bound), 1)
      assert.equal(await store.prune(bound), 0)
      assert.equal((await store.listAlerts(10)).length, 1)
    },
  },
  {
    name: 'tells awkward fingerprints and keys apart',
    async run(store) {
      const names = [' ', 'a', 'A', '%', "'; --", '__proto__', 'constructor', 'x'.repeat(255)]
      names.push(`${'x'.repeat(254)}y`, '{severity="critical"}/"\\')
      await store.put(
        names.map((name) => fire(name, { groups: [group(name)] })),
        LIMITS,
      )
      const claimed = await claim(store, NOW)
      assert.deepEqual(new Set(claimed.map(({ key }) => key)), new Set(names))
      assert.ok(claimed.every((each) => membersOf(each)[0] === each.key))
    },
  },
  {
    name: 'lets two managers tell each group once between them',
    async run(store) {
      const clock = createTestClock({ now: NOW })
      const team = createRecordingChannel()
      const options = {
        policy: { route: { receiver: 'team', groupBy: ['market'] } },
        channels: { team },
        store,
        clock,
      }
      const managers = [createAlertManager(options), createAlertManager(options)]
      const tickAll = () => Promise.all(managers.map((manager) => manager.tick()))
      const alerts = Array.from({ length: 60 }, (_, n) => ({
        ...plainAlert,
        labels: { market: `m${n % 20}`, n: `${n}` },
      }))
      await Promise.all(alerts.flatMap((alert) => managers.map((manager) => manager.fire(alert))))
      await clock.advance(30_000)
      await tickAll()
      assert.equal(team.notifications.length, 20)
      assert.ok(
        team.notifications.every(
          ({ reason, alerts }) => reason === 'firing' && alerts.length === 3,
        ),
      )
      await Promise.all(
        alerts.flatMap((alert) => managers.map((manager) => manager.resolve(alert))),
      )
      await clock.advance(300_000)
      await tickAll()
      const resolved = team.notifications.slice(20)
      assert.equal(resolved.length, 20)
      assert.ok(resolved.every(({ reason }) => reason === 'resolved'))
      assert.deepEqual(await store.listAlerts(10), [])
    },
  },
]

const NOW = 1_700_000_000_000
const LEASE_MS = 1_000
const LIMITS = { alerts: 1_000, groups: 1_000 }

const plainAlert: Alert = {
  name: 'Broken',
  severity: 'high',
  labels: {},
  summary: 'It is broken.',
  startsAt: NOW,
  source: 'test',
}

const blankTarget = {
  sequence: 0,
  notifiedAt: null,
  failureCount: 0,
  retryAt: null,
  owedLevel: 0,
  shownAcknowledgementAt: 0,
}

type Fire = Extract<StoredAlertChange, { kind: 'fire' }>

function fire(fingerprint: string, given: Partial<Fire> = {}): Fire {
  return {
    kind: 'fire',
    fingerprint,
    alert: plainAlert,
    at: NOW,
    expiresAt: null,
    inhibits: [],
    groups: [group('g')],
    policySince: NOW + 1_000_000,
    isReserved: false,
    ...given,
  }
}

function resolve(fingerprint: string): StoredAlertChange {
  return { kind: 'resolve', fingerprint, endsAt: NOW }
}

function unknown(fingerprint: string): AlertTelling & { readonly fingerprint: string } {
  return { fingerprint, told: [], unsure: [] }
}

function group(key: string, groupWaitMs = 0, receiver = 'team'): AlertGroupRef {
  return {
    key,
    routeId: `route of ${key}`,
    receiver,
    labels: { of: `${key}'` },
    groupWaitMs,
  }
}

function silence(id: string, endsAt: number): Silence {
  const matchers = [{ label: 'id', op: '=~' as const, value: `${id}|"\\` }]
  return { id, matchers, startsAt: NOW, endsAt, author: "o'kim", comment: '🎪' }
}

function entry(given: Partial<AlertHistoryEntry> = {}): AlertHistoryEntry {
  return {
    event: 'notified',
    at: NOW,
    severity: 'high',
    message: 'It is broken.',
    reason: 'firing',
    groupKey: 'g',
    receiver: 'team',
    fingerprints: ['a'],
    escalationLevel: 0,
    acknowledgedBy: null,
    errorCode: null,
    ...given,
  }
}

function commit(given: Partial<AlertGroupCommit>): AlertGroupCommit {
  return {
    key: 'g',
    token: 'token',
    state: createAlertGroupState(NOW),
    nextAt: NOW,
    tellings: [],
    history: [],
    ...given,
  }
}

interface ClaimOptions {
  readonly token?: string
  readonly limit?: number
  readonly receivers?: readonly string[]
}

async function claim(
  store: AlertManagerStore,
  now: number,
  { token = 'token', limit = 100, receivers = ['team'] }: ClaimOptions = {},
): Promise<readonly ClaimedAlertGroup[]> {
  const { groups, unreadable } = await store.claimDue({
    now,
    leaseMs: LEASE_MS,
    token,
    limit,
    receivers: new Set(receivers),
  })
  assert.deepEqual(unreadable, [])
  return groups
}

async function keysOf(groups: Promise<readonly ClaimedAlertGroup[]>): Promise<string[]> {
  return (await groups).map(({ key }) => key)
}

function membersOf(claimed: ClaimedAlertGroup | undefined): string[] {
  return (claimed?.members ?? []).map(({ stored }) => stored.fingerprint).toSorted()
}

async function outcomes(
  store: AlertManagerStore,
  changes: readonly StoredAlertChange[],
): Promise<string[]> {
  return (await store.put(changes, LIMITS)).map(({ outcome }) => outcome)
}

/** Without what is `undefined`, and without prototypes. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
