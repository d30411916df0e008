import { createTestClock, faulty } from '@assay/core/testing'
import { expect, test } from 'vitest'

import { createMonitor } from './create-monitor.ts'
import { createMemoryEventSource } from './memory-event-source.ts'
import { createMemoryMonitorStore } from './memory-monitor-store.ts'
import type { Monitor } from './monitor.ts'

const opensAt = 1_749_895_200_000
const MINUTE_MS = 60_000

function createWorld() {
  const clock = createTestClock({ now: opensAt })
  const store = createMemoryMonitorStore()
  const well = createMemoryEventSource({ id: 'ledger' })
  const cannotRead = new Set<string>()
  const begin = (owner: string): Monitor =>
    createMonitor({
      sources: [faulty(well, () => (cannotRead.has(owner) ? { kind: 'fail' } : undefined))],
      store,
      clock,
      owner,
      silenceAfterMs: 10 * MINUTE_MS,
    })
  const found = (ruleId: string): string[] =>
    store
      .findings()
      .filter(({ finding }) => finding.ruleId === ruleId)
      .map(({ finding, revision }) => `${finding.action} ${revision}`)
  return { clock, store, well, cannotRead, begin, found }
}

/** Looks as often as the circuit of a source needs to open. */
async function fail(monitor: Monitor): Promise<void> {
  for (let round = 0; round < 5; round += 1) await monitor.cycle().catch(() => {})
}

test('a source that one monitor cannot read is failing, whatever the others can, until that one can', async () => {
  const { clock, cannotRead, begin, found } = createWorld()
  const [one, other] = [begin('one'), begin('other')]
  cannotRead.add('one')
  await fail(one)
  for (let round = 0; round < 5; round += 1) {
    await other.cycle()
    await one.cycle().catch(() => {})
    expect(found('source.failing')).toEqual(['open 1'])
    await clock.advance(MINUTE_MS)
  }

  cannotRead.clear()
  for (let round = 0; round < 3; round += 1) {
    await one.cycle().catch(() => {})
    await clock.advance(MINUTE_MS)
  }
  await other.cycle()
  expect(found('source.failing')).toEqual(['resolve 2'])
})

test('a source that two monitors cannot read is told once', async () => {
  const { clock, cannotRead, begin, found } = createWorld()
  const both = [begin('one'), begin('other')]
  for (const owner of ['one', 'other']) cannotRead.add(owner)
  for (const monitor of both) await fail(monitor)
  for (let round = 0; round < 3; round += 1) {
    await clock.advance(MINUTE_MS)
    for (const monitor of both) await monitor.cycle().catch(() => {})
  }
  expect(found('source.failing')).toEqual(['open 1'])
})

test('a source stops failing some minutes after the monitor died that could not read it', async () => {
  const { clock, cannotRead, begin, found } = createWorld()
  const [dying, other] = [begin('dying'), begin('other')]
  cannotRead.add('dying')
  await fail(dying)
  await clock.advance(5 * MINUTE_MS)
  await other.cycle()
  expect(found('source.failing')).toEqual(['resolve 2'])
})

test('a source stops failing when the monitor is closed that could not read it', async () => {
  const { cannotRead, begin, found } = createWorld()
  const [one, other] = [begin('one'), begin('other')]
  cannotRead.add('one')
  await fail(one)
  await one.close()
  await other.cycle()
  expect(found('source.failing')).toEqual(['resolve 2'])
})

test('a source that never spoke is silent once it was watched for so long, over restarts', async () => {
  const { clock, store, well, begin, found } = createWorld()
  await begin('one').cycle()
  await clock.advance(10 * MINUTE_MS)
  await begin('two').cycle()
  expect(found('source.silent')).toEqual([])
  await clock.advance(1)
  await begin('three').cycle()
  await begin('four').cycle()
  expect(found('source.silent')).toEqual(['open 1'])
  expect(store.findings()[0]?.finding).toMatchObject({
    eventTime: opensAt,
    evidence: { lastReadAt: null },
  })

  await clock.advance(MINUTE_MS)
  well.add([{ kind: 'scan', scanId: 'scan-1', accountId: 'card-7', eventTime: clock.now() }])
  await begin('five').cycle()
  expect(found('source.silent')).toEqual(['resolve 2'])
})
