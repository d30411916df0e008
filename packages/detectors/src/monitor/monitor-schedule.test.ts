import { describe, expect, test } from 'vitest'

import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { createMemoryMonitoringRepository } from '../monitoring-events/memory-monitoring-repository.ts'
import {
  createSystemHealthJob,
  type SystemHealthJobOptions,
} from '../monitoring-events/system-health-job.ts'
import { createMonitoredLedger, payment } from '../testing/monitored-ledger.ts'
import { createMonitor } from './create-monitor.ts'
import { createMemoryEventSource } from './memory-event-source.ts'
import { createMemoryMonitorStore } from './memory-monitor-store.ts'
import {
  defaultMonitorSchedule,
  festivalMonitorSchedule,
  readMonitorSchedule,
} from './monitor-schedule.ts'

describe('readMonitorSchedule', () => {
  test('has the cadences of a monitor without a schedule where the environment says nothing', () => {
    expect(readMonitorSchedule({})).toEqual(defaultMonitorSchedule)
    expect(readMonitorSchedule({ MONITORING_INTERVAL_HEALTH: '' })).toEqual(defaultMonitorSchedule)
  })

  test('has those of another preset there, each as that has it', () => {
    expect(readMonitorSchedule({}, festivalMonitorSchedule)).toEqual(festivalMonitorSchedule)
    const preset = { ...festivalMonitorSchedule, raceConditions: 7 }
    const environment = { MONITORING_INTERVAL_CRITICAL: '1000' }
    expect(readMonitorSchedule(environment, preset)).toEqual({
      ...preset,
      transactionFailures: 1_000,
      balanceDiscrepancies: 1_000,
    })
  })

  test.each(['MONITORING_INTERVAL_CRITCAL', 'MONITORING_INTERVAL_', 'MONITORING_INTERVAL_LOW'])(
    'refuses %s, which is no variable of its own',
    (name) => {
      expect(() => readMonitorSchedule({ [name]: '30000' })).toThrow(
        `readMonitorSchedule: \`${name}\` must be left out: the variables are ` +
          'MONITORING_INTERVAL_CRITICAL, MONITORING_INTERVAL_MEDIUM, MONITORING_INTERVAL_HEALTH',
      )
      expect(readMonitorSchedule({ [name]: undefined, PATH: '/bin' })).toEqual(
        defaultMonitorSchedule,
      )
    },
  )

  test('takes each cadence from the variable of its severity', () => {
    const environment = {
      MONITORING_INTERVAL_CRITICAL: '1000',
      MONITORING_INTERVAL_MEDIUM: '2000',
      MONITORING_INTERVAL_HEALTH: '3000',
    }
    expect(readMonitorSchedule(environment)).toEqual({
      transactionFailures: 1_000,
      balanceDiscrepancies: 1_000,
      duplicateScans: 2_000,
      raceConditions: 2_000,
      systemHealth: 3_000,
    })
  })

  test.each([
    'MONITORING_INTERVAL_CRITICAL',
    'MONITORING_INTERVAL_MEDIUM',
    'MONITORING_INTERVAL_HEALTH',
  ])('refuses what is no number of milliseconds in %s, and repeats nothing of it', (name) => {
    const refused =
      '0|-1|1.5|1e3|0x10|030|١٥|NaN|Infinity|soon|30s|30000ms|30_000|30,000| 30000|30000\n|99999999999'
    for (const text of refused.split('|')) {
      expect(() => readMonitorSchedule({ [name]: text })).toThrow(
        `readMonitorSchedule: \`${name}\` must be a whole number of milliseconds without a unit, ` +
          'such as 30000, from 1 to 9999999999',
      )
    }
  })
})

/** A ledger that is monitored with a job that measures its health every so often. */
function createMeasuredLedger(
  schedule: typeof defaultMonitorSchedule | undefined,
  job: Partial<SystemHealthJobOptions> = {},
) {
  const ledger = createMemoryLedgerRepository()
  const repository = createMemoryMonitoringRepository(createMemoryMonitorStore())
  const monitored = createMonitoredLedger(({ store }) => ({
    schedule,
    jobs: [createSystemHealthJob({ ledger, repository, store, ...job })],
  }))
  const measuredWithin = async (ms: number): Promise<number> => {
    await monitored.clock.advance(ms)
    return (await repository.listHealth(100)).length
  }
  return { ...monitored, measuredWithin }
}

describe('the health of the system', () => {
  test('is measured every five minutes', async () => {
    const { run, measuredWithin } = createMeasuredLedger(undefined)
    const stop = run()
    expect(await measuredWithin(299_999)).toBe(1)
    expect(await measuredWithin(1)).toBe(2)
    await stop()
  })

  test('is measured as often as the environment says', async () => {
    const schedule = readMonitorSchedule({ MONITORING_INTERVAL_HEALTH: '60000' })
    const { run, measuredWithin } = createMeasuredLedger(schedule)
    const stop = run()
    expect(await measuredWithin(59_999)).toBe(1)
    expect(await measuredWithin(60_001)).toBe(3)
    await stop()
  })

  test('is measured as often as its job says, where that says it', async () => {
    const { run, measuredWithin } = createMeasuredLedger(undefined, { everyMs: 1_000 })
    const stop = run()
    expect(await measuredWithin(10_000)).toBe(11)
    await stop()
  })
})

test('gives each detector its cadence, and the reconciliation that of the balances', async () => {
  const schedule = {
    ...defaultMonitorSchedule,
    transactionFailures: 40_000,
    balanceDiscrepancies: 90_000,
  }
  const reconciledAt: number[] = []
  const { clock, source, found, run } = createMonitoredLedger((parts) => ({
    schedule,
    reconciliation: {
      ledger: {
        readSnapshot(...read) {
          reconciledAt.push(parts.clock.monotonic())
          return createMemoryLedgerRepository().readSnapshot(...read)
        },
      },
    },
    partitions: 1,
  }))
  const stop = run()
  await clock.advance(10_000)
  source.add([payment('tx-1', { status: 'failed' })])
  await clock.advance(29_999)
  expect(found()).toEqual([])
  await clock.advance(1)
  expect(found()).toEqual(['transactions.charged-on-failure card-7 open'])

  await clock.advance(50_000)
  source.add([payment('tx-2')])
  await clock.advance(100_000)
  // The last of five passes, each of which begins a fifth of its cadence after the one before.
  expect(reconciledAt).toEqual([72_000, 162_000])
  await stop()
})

test.each([
  ['schedule.systemHealth', { ...defaultMonitorSchedule, systemHealth: 0 }],
  ['schedule.raceConditions', { ...defaultMonitorSchedule, raceConditions: Number.NaN }],
  ['schedule.duplicateScans', { ...defaultMonitorSchedule, duplicateScans: '30s' as never }],
])('refuses a %s that is no time', (option, schedule) => {
  const sources = [createMemoryEventSource()]
  expect(() => createMonitor({ sources, store: createMemoryMonitorStore(), schedule })).toThrow(
    `createMonitor: \`${option}\` must be`,
  )
})
