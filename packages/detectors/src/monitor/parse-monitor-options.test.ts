import { expect, test } from 'vitest'

import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { createMonitor } from './create-monitor.ts'
import { createMonitoredDetectors } from './create-monitored-detectors.ts'
import { createMemoryEventSource } from './memory-event-source.ts'
import { createMemoryMonitorStore } from './memory-monitor-store.ts'
import type { MonitorJob, MonitorOptions } from './monitor-options.ts'

const ledger = createMemoryLedgerRepository({ transactions: [], balances: [] })

function create(options: Partial<MonitorOptions>): unknown {
  const sources = [createMemoryEventSource({ id: 'ledger' })]
  return createMonitor({ sources, store: createMemoryMonitorStore(), ...options })
}

const job = (fields: Partial<MonitorJob>): MonitorJob => ({
  name: 'refresh',
  everyMs: 1_000,
  run: async () => {},
  ...fields,
})

const [detector] = createMonitoredDetectors().map((one) => one.detector)

test.each<[string, Partial<MonitorOptions>, string]>([
  ['no detector', { detectors: [] }, 'detectors'],
  [
    'a detector every 0 ms',
    { detectors: [{ detector: detector!, everyMs: 0 }] },
    'everyMs of a detector',
  ],
  [
    'a reconciliation every -5 ms',
    { reconciliation: { ledger, everyMs: -5 } },
    'reconciliation.everyMs',
  ],
  ['a job with the name of the watch', { jobs: [job({ name: 'source-watch' })] }, 'name of a job'],
  [
    'a job with the name of a pass',
    { jobs: [job({ name: 'ledger/reconciliation' })] },
    'name of a job',
  ],
  ['two jobs of one name', { jobs: [job({}), job({})] }, 'name of a job'],
  ['a job whose name is no label', { jobs: [job({ name: '1 job' })] }, 'name of a job'],
  ['a job every 0 ms', { jobs: [job({ everyMs: 0 })] }, 'everyMs of refresh'],
  [
    'a job as often as nothing',
    { jobs: [job({ everyMs: 'nothing' as 'systemHealth' })] },
    'everyMs of refresh',
  ],
  ['a mode that there is not', { mode: 'continuos' as 'continuous' }, 'mode'],
  ['a nameless owner', { owner: '' }, 'owner'],
  ['a lease that has ended before it began', { leaseMs: 0 }, 'leaseMs'],
])('refuses %s at once', (_, options, option) => {
  const refused = expect.objectContaining({
    code: 'INVALID_OPTION',
    context: { factory: 'createMonitor', option },
  })
  expect(() => create(options)).toThrow(refused)
})

test('takes a reconciliation alone for something to watch', () => {
  expect(() => create({ detectors: [], reconciliation: { ledger } })).not.toThrow()
})

test('takes jobs with names of their own', () => {
  expect(() => create({ jobs: [job({}), job({ name: 'nightly/refresh' })] })).not.toThrow()
})
