import { createTestClock, type TestClock } from '@assay/core/testing'

import type { AccountEventInput } from '../detector/account-event.ts'
import { createMonitor } from '../monitor/create-monitor.ts'
import { createMemoryEventSource, type MemoryEventSource } from '../monitor/memory-event-source.ts'
import {
  createMemoryMonitorStore,
  type MemoryMonitorStore,
} from '../monitor/memory-monitor-store.ts'
import type { MonitorOptions } from '../monitor/monitor-options.ts'
import type { Monitor } from '../monitor/monitor.ts'

/** When the ledger of tests opens, in epoch milliseconds. */
export const OPENS_AT = 1_749_895_200_000

type PaymentInput = Extract<AccountEventInput, { kind: 'transaction' }>

/** A payment of 4.50 EUR from a card with 20, as the ledger opens. */
export function payment(transactionId: string, more: Partial<PaymentInput> = {}): PaymentInput {
  return {
    kind: 'transaction',
    transactionId,
    accountId: 'card-7',
    status: 'completed',
    amountMinor: -450n,
    balanceBeforeMinor: 2_000n,
    balanceAfterMinor: 1_550n,
    currency: 'EUR',
    eventTime: OPENS_AT,
    ...more,
  }
}

/** What the monitor of a test is made of. */
interface LedgerParts {
  readonly clock: TestClock
  /** Its id is `ledger`. */
  readonly source: MemoryEventSource
  readonly store: MemoryMonitorStore
}

/** A ledger in memory and the monitor `one` over it. */
export interface MonitoredLedger extends LedgerParts {
  readonly monitor: Monitor
  /** The monitor `two`, set to the same. */
  again(this: void): Monitor
  /** Lets the monitor run by itself, until what is returned is called. */
  run(this: void): () => Promise<void>
  /** Each finding as its rule, its subject and how it stands, in alphabetical order. */
  found(this: void): string[]
}

/**
 * Makes a ledger and its monitor.
 *
 * @param optionsOf what the monitor is set to; may wrap what it is made of
 */
export function createMonitoredLedger(
  optionsOf: (parts: LedgerParts) => Partial<MonitorOptions> = () => ({}),
): MonitoredLedger {
  const clock = createTestClock({ now: OPENS_AT })
  const source = createMemoryEventSource({ id: 'ledger' })
  const store = createMemoryMonitorStore()
  const options = optionsOf({ clock, source, store })
  const monitorOf = (owner: string): Monitor =>
    createMonitor({ sources: [source], store, clock, owner, ...options })
  const monitor = monitorOf('one')
  return {
    clock,
    source,
    store,
    monitor,
    again: () => monitorOf('two'),
    run() {
      const stopping = new AbortController()
      const running = monitor.run({ signal: stopping.signal })
      return async () => {
        stopping.abort()
        await running
      }
    },
    found: () =>
      store
        .findings()
        .map(({ finding }) => `${finding.ruleId} ${finding.subject} ${finding.action}`)
        .toSorted(),
  }
}
