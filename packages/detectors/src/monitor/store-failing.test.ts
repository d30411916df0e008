import type { AlertIdentity } from '@assay/core'
import { type Fault, faulty, type PlannedCall } from '@assay/core/testing'
import { describe, expect, test } from 'vitest'

import { createMonitoredLedger } from '../testing/monitored-ledger.ts'
import type { FindingAlerts } from './tell-findings.ts'

const MINUTE_MS = 60_000

/** A ledger whose source and store meet faults, and what people hear of it. */
function createTroubledLedger() {
  const faults: { source?: Fault; store?: (call: PlannedCall) => Fault | undefined } = {}
  const heard: string[] = []
  let isFull = false
  const hear = (what: string, { name }: AlertIdentity): void => {
    heard.push(`${what} ${name}`)
  }
  const alerts: FindingAlerts = {
    async fire(alert) {
      if (isFull) return { outcome: 'refused', reason: 'waiting-limit', fingerprint: '' }
      hear('fire', alert)
      return { outcome: 'accepted', fingerprint: '' }
    },
    async resolve(alert) {
      if (isFull) return { outcome: 'refused', reason: 'waiting-limit', fingerprint: '' }
      hear('resolve', alert)
      return { outcome: 'resolved', fingerprint: '' }
    },
  }
  const ledger = createMonitoredLedger(({ source, store }) => ({
    sources: [faulty(source, () => faults.source)],
    store: faulty(store, (call) => faults.store?.(call)),
    alerts,
  }))
  return { ...ledger, faults, heard, fill: (full: boolean) => void (isFull = full) }
}

const FAIL: Fault = { kind: 'fail' }
const DROP: Fault = { kind: 'drop' }

describe('a store that fails', () => {
  test('is told once while the source is down with it, and is over once it is back', async () => {
    const { clock, faults, heard, run } = createTroubledLedger()
    const stop = run()
    await clock.advance(5 * MINUTE_MS)
    faults.source = FAIL
    faults.store = () => FAIL
    await clock.advance(MINUTE_MS)
    expect(heard).toEqual(['fire StoreFailing'])
    await clock.advance(20 * MINUTE_MS)
    expect(heard).toEqual(['fire StoreFailing'])
    delete faults.source
    delete faults.store
    await clock.advance(2 * MINUTE_MS)
    expect(heard).toEqual(['fire StoreFailing', 'resolve StoreFailing'])
    await stop()
  })

  test.each(['lease', 'listPositions', 'note'])('is told where only `%s` fails', async (method) => {
    const { faults, heard, monitor } = createTroubledLedger()
    faults.store = (call) => (call.method === method ? FAIL : undefined)
    for (let round = 0; round < 3; round += 1) await monitor.cycle().catch(() => {})
    expect(heard).toEqual(['fire StoreFailing'])
    delete faults.store
    await monitor.cycle()
    expect(heard).toEqual(['fire StoreFailing', 'resolve StoreFailing'])
  })

  test.each(['lease', 'listPositions', 'note'])(
    'is told where `%s` never answers',
    async (method) => {
      const { clock, faults, heard, run } = createTroubledLedger()
      faults.store = (call) => (call.method === method ? DROP : undefined)
      const stop = run()
      await clock.advance(29_000)
      expect(heard).toEqual(['fire StoreFailing'])
      delete faults.store
      await clock.advance(2 * MINUTE_MS)
      expect(heard).toEqual(['fire StoreFailing', 'resolve StoreFailing'])
      await stop()
    },
  )

  test('is told again when nobody took it in', async () => {
    const { faults, heard, monitor, fill } = createTroubledLedger()
    faults.store = () => FAIL
    fill(true)
    await monitor.cycle().catch(() => {})
    fill(false)
    await monitor.cycle().catch(() => {})
    expect(heard).toEqual(['fire StoreFailing'])
    delete faults.store
    fill(true)
    await monitor.cycle()
    fill(false)
    await monitor.cycle()
    expect(heard).toEqual(['fire StoreFailing', 'resolve StoreFailing'])
  })

  test('is not what is told where a monitor was closed before it answered', async () => {
    const { clock, faults, heard, monitor } = createTroubledLedger()
    faults.store = ({ method }) => (method === 'note' ? DROP : undefined)
    const cycle = monitor.cycle().catch((error: unknown) => error)
    await clock.advance(1_000)
    await monitor.close()
    expect(await cycle).toMatchObject({ code: 'MONITOR_CLOSED' })
    await clock.advance(MINUTE_MS)
    expect(heard).toEqual([])
  })
})

describe('what was told at once, because it could not be stored', () => {
  test('ends when the store is back and it is over', async () => {
    const { clock, faults, heard, monitor, store } = createTroubledLedger()
    faults.source = FAIL
    faults.store = ({ method }) => (method === 'note' ? FAIL : undefined)
    for (let round = 0; round < 5; round += 1) await monitor.cycle().catch(() => {})
    expect(heard.toSorted()).toEqual(['fire SourceFailing', 'fire StoreFailing'])

    delete faults.source
    for (let round = 0; round < 3; round += 1) {
      await clock.advance(MINUTE_MS)
      await monitor.cycle().catch(() => {})
    }
    expect((await monitor.status()).sources).toEqual([{ id: 'ledger', circuit: 'closed' }])
    delete faults.store
    await monitor.cycle()
    expect(heard.slice(2).toSorted()).toEqual(['resolve SourceFailing', 'resolve StoreFailing'])
    expect(store.findings()).toEqual([])
  })

  test('ends as any other finding where it lasts until it can be stored', async () => {
    const { clock, faults, heard, monitor } = createTroubledLedger()
    faults.source = FAIL
    faults.store = ({ method }) => (method === 'note' ? FAIL : undefined)
    for (let round = 0; round < 5; round += 1) await monitor.cycle().catch(() => {})
    delete faults.store
    await monitor.cycle().catch(() => {})
    expect(heard.slice(2).toSorted()).toEqual(['fire SourceFailing', 'resolve StoreFailing'])
    delete faults.source
    for (let round = 0; round < 3; round += 1) {
      await clock.advance(MINUTE_MS)
      await monitor.cycle().catch(() => {})
    }
    expect(heard.slice(4)).toEqual(['resolve SourceFailing'])
  })
})
