import { silentLogger } from '@assay/core'
import { createTestClock } from '@assay/core/testing'
import { expect, test } from 'vitest'

import type { Finding } from '../detector/finding.ts'
import { createFindingTeller, type FindingTeller } from './finding-teller.ts'
import { createMemoryMonitorStore } from './memory-monitor-store.ts'
import type { MonitorStore } from './monitor-store.ts'
import { alertOfFinding, type FindingAlerts } from './tell-findings.ts'

const NOW = 1_749_895_200_000
const LEASE_MS = 1_000

function createWorld() {
  const clock = createTestClock({ now: NOW })
  const store = createMemoryMonitorStore()
  /** What was handed on, in order. */
  const heard: string[] = []
  const alerts: FindingAlerts = {
    async fire({ labels }) {
      heard.push(`fire ${labels['finding']}`)
      return { outcome: 'accepted', fingerprint: '' }
    },
    async resolve({ labels }) {
      heard.push(`resolve ${labels['finding']}`)
      return { outcome: 'resolved', fingerprint: '' }
    },
  }
  const createTeller = (
    owner: string,
    to: { readonly store?: MonitorStore; readonly alerts?: FindingAlerts } = {},
  ): FindingTeller =>
    createFindingTeller({
      store,
      alerts,
      toAlert: alertOfFinding,
      owner,
      leaseMs: LEASE_MS,
      clock,
      logger: silentLogger,
      ...to,
    })
  const note = (...findings: Finding[]): Promise<void> =>
    store.note({ findings, rejudged: [], now: NOW })
  return { clock, store, heard, alerts, createTeller, note }
}

function finding(fields: Partial<Finding> = {}): Finding {
  return {
    fingerprint: 'charge',
    ruleId: 'balance.negative',
    ruleVersion: 1,
    severity: 'high',
    action: 'open',
    subject: 'card-7',
    transactionIds: ['tx-1'],
    eventTime: NOW,
    confidence: 1,
    evidence: {},
    ...fields,
  }
}

/** Something that stalls once it is reached, until it is let go. */
function createStall() {
  const reached = Promise.withResolvers<void>()
  const letGo = Promise.withResolvers<void>()
  let hasStalled = false
  return {
    reached: reached.promise,
    letGo: () => letGo.resolve(),
    async here(): Promise<void> {
      if (hasStalled) return
      hasStalled = true
      reached.resolve()
      await letGo.promise
    },
  }
}

test('hands nothing on that it had read before its lease ended', async () => {
  const { clock, store, heard, createTeller, note } = createWorld()
  const stall = createStall()
  let reads = 0
  const stalled = createTeller('stalled', {
    store: {
      ...store,
      async listUntold(page) {
        const untold = await store.listUntold(page)
        reads += 1
        // First it looks whether there is anything; what it hands on it reads in its turn.
        if (reads === 2) await stall.here()
        return untold
      },
    },
  })
  const heir = createTeller('heir')
  await note(finding())
  const telling = stalled.tell()
  await stall.reached
  await clock.advance(LEASE_MS)
  await heir.tell()
  await note(finding({ action: 'resolve' }))
  await heir.tell()
  stall.letGo()
  await telling
  expect(heard).toEqual(['fire charge', 'resolve charge'])
})

test('ends an alert again that a teller which stalled in handing it on has fired again', async () => {
  const { clock, heard, alerts, createTeller, note } = createWorld()
  const stall = createStall()
  const stalled = createTeller('stalled', {
    alerts: {
      ...alerts,
      async fire(alert) {
        await stall.here()
        return alerts.fire(alert)
      },
    },
  })
  const heir = createTeller('heir')
  await note(finding())
  const telling = stalled.tell()
  await stall.reached
  await clock.advance(LEASE_MS)
  await heir.tell()
  await note(finding({ action: 'resolve' }))
  await heir.tell()
  stall.letGo()
  await telling
  await heir.tell()
  await heir.tell()
  expect(heard).toEqual(['fire charge', 'resolve charge', 'fire charge', 'resolve charge'])
})

test('begins no further portion once its lease has ended, and reads the rest anew', async () => {
  const { clock, heard, alerts, createTeller, note } = createWorld()
  const stall = createStall()
  const teller = createTeller('alone', {
    alerts: {
      ...alerts,
      async fire(alert) {
        await stall.here()
        return alerts.fire(alert)
      },
    },
  })
  const all = Array.from({ length: 120 }, (_, index) => finding({ fingerprint: String(index) }))
  await note(...all)
  const telling = teller.tell()
  await stall.reached
  await clock.advance(LEASE_MS)
  stall.letGo()
  await telling
  const soFar = heard.length
  expect(soFar).toBeLessThan(120)

  await note(finding({ fingerprint: '119', action: 'resolve' }))
  await teller.tell()
  expect(heard.slice(soFar)).not.toContain('fire 119')
  expect(heard.slice(soFar)).toContain('resolve 119')
  expect(new Set(heard).size).toBe(120)
})

test('keeps its turn for as long as it is merely slow', async () => {
  const { clock, heard, alerts, createTeller, note } = createWorld()
  const slow = createTeller('slow', {
    alerts: {
      ...alerts,
      async fire(alert) {
        if (heard.length % 50 === 0) await clock.advance(LEASE_MS * 0.6)
        return alerts.fire(alert)
      },
    },
  })
  await note(...Array.from({ length: 200 }, (_, index) => finding({ fingerprint: String(index) })))
  await slow.tell()
  expect(new Set(heard).size).toBe(200)
  expect(heard.length).toBe(200)
})

test('tells an end again that was refused', async () => {
  const { heard, alerts, createTeller, note } = createWorld()
  let isFull = true
  const teller = createTeller('one', {
    alerts: {
      ...alerts,
      resolve: async (alert) =>
        isFull
          ? { outcome: 'refused', reason: 'waiting-limit', fingerprint: '' }
          : alerts.resolve(alert),
    },
  })
  await note(finding())
  await teller.tell()
  await note(finding({ action: 'resolve' }))
  await teller.tell()
  isFull = false
  await teller.tell()
  expect(heard).toEqual(['fire charge', 'resolve charge'])
})

test('tells what is new, however many older ones nobody takes in', async () => {
  const { heard, alerts, createTeller, note } = createWorld()
  const isOld = (name: string | undefined): boolean => name?.startsWith('old') ?? false
  const teller = createTeller('one', {
    alerts: {
      ...alerts,
      async fire(alert) {
        const name = alert.labels['finding']
        if (name === 'old 7') throw new Error('It cannot be told.')
        if (isOld(name)) return { outcome: 'refused', reason: 'waiting-limit', fingerprint: '' }
        return alerts.fire(alert)
      },
    },
  })
  const old = Array.from({ length: 1_200 }, (_, n) => finding({ fingerprint: `old ${n}` }))
  await note(...old)
  await teller.tell()
  await note(finding({ fingerprint: 'new' }))
  await teller.tell()
  expect(heard).toEqual(['fire new'])
})

test('tries one that nobody takes in once in a call, and again in the next', async () => {
  const { alerts, createTeller, note } = createWorld()
  let tries = 0
  const teller = createTeller('one', {
    alerts: {
      ...alerts,
      async fire() {
        tries += 1
        throw new Error('It cannot be told.')
      },
    },
  })
  await note(finding())
  await teller.tell()
  expect(tries).toBe(1)
  await teller.tell()
  expect(tries).toBe(2)
})

test('leaves the turn to another one as soon as it has told all', async () => {
  const { heard, createTeller, note } = createWorld()
  const [one, other] = [createTeller('one'), createTeller('other')]
  for (const [teller, fingerprint] of [
    [one, 'a'],
    [other, 'b'],
    [one, 'c'],
  ] as const) {
    await note(finding({ fingerprint }))
    await teller.tell()
    expect(heard.at(-1)).toBe(`fire ${fingerprint}`)
  }
})

test('tells what another one had to leave to it while its turn ended', async () => {
  const { store, heard, createTeller, note } = createWorld()
  const other = createTeller('other')
  let isLate = false
  const one = createTeller('one', {
    store: {
      ...store,
      async release(...owner) {
        if (!isLate) {
          isLate = true
          // After it has read all there was, and before anybody else can have the turn.
          await note(finding({ fingerprint: 'late' }))
          await other.tell()
        }
        await store.release(...owner)
      },
    },
  })
  await note(finding())
  await one.tell()
  expect(heard).toEqual(['fire charge', 'fire late'])
})

test('misses no call that comes just as a round ends', async () => {
  // The call comes a number of steps after the last read of the round before: at one of them that ends.
  for (let steps = 0; steps < 30; steps += 1) {
    const { store, heard, createTeller, note } = createWorld()
    let late: Promise<void> | undefined
    const teller: FindingTeller = createTeller('one', {
      store: {
        ...store,
        async listUntold(page) {
          const untold = await store.listUntold(page)
          if (untold.length === 0) late ??= tellLate()
          return untold
        },
      },
    })
    async function tellLate(): Promise<void> {
      for (let step = 0; step < steps; step += 1) await Promise.resolve()
      await note(finding({ fingerprint: 'late' }))
      await teller.tell()
    }
    await note(finding())
    await teller.tell()
    await late
    expect(heard, `${steps} steps`).toEqual(['fire charge', 'fire late'])
  }
})

test('asks for no turn where there is nothing to tell', async () => {
  const { store, createTeller } = createWorld()
  await createTeller('one').tell()
  expect(await store.listPositions()).toEqual([])
})
