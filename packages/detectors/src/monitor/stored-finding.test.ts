import { createTestClock } from '@assay/core/testing'
import { expect, test } from 'vitest'

import type { AccountEventInput } from '../detector/account-event.ts'
import type { LedgerTransactionInput } from '../ledger/ledger-entry.ts'
import type { LedgerRepository } from '../ledger/ledger-repository.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { createMonitor } from './create-monitor.ts'
import { createMemoryEventSource } from './memory-event-source.ts'
import { createMemoryMonitorStore, type MemoryMonitorStore } from './memory-monitor-store.ts'

const opensAt = 1_749_895_200_000

function payment(id: string, fields: Partial<LedgerTransactionInput> = {}) {
  return {
    kind: 'transaction',
    transactionId: id,
    accountId: 'card-7',
    status: 'completed',
    amountMinor: -100n,
    currency: 'EUR',
    eventTime: opensAt,
    ...fields,
  } satisfies AccountEventInput
}

function found(store: MemoryMonitorStore): string[] {
  return store
    .findings()
    .map(({ finding, revision }) => `${finding.ruleId} ${finding.action} ${revision}`)
}

test('a late event of one source ends no finding that came of the events of another', async () => {
  const clock = createTestClock({ now: opensAt })
  const [terminals, bank] = ['terminals', 'bank'].map((id) => createMemoryEventSource({ id }))
  const store = createMemoryMonitorStore()
  const monitor = createMonitor({ sources: [terminals!, bank!], store, clock })
  const fail = { status: 'failed' as const }
  terminals!.add(
    [1, 2, 3].map((n) => payment(`tx-${n}`, { ...fail, eventTime: opensAt + n * 10_000 })),
  )
  bank!.add([payment('transfer-1', { eventTime: opensAt + 30_000 })])
  await clock.advance(60_000)
  await monitor.cycle()
  expect(found(store)).toEqual(['transactions.consecutive-failures open 1'])

  bank!.add([payment('transfer-late', { eventTime: opensAt + 25_000 })])
  await clock.advance(15_000)
  await monitor.cycle()
  expect(found(store)).toEqual(['transactions.consecutive-failures open 1'])

  terminals!.add([payment('tx-late', { eventTime: opensAt + 25_000 })])
  await clock.advance(15_000)
  await monitor.cycle()
  expect(found(store)).toEqual(['transactions.consecutive-failures resolve 2'])
})

/** An account of 1,000 that payments of 1 are made from, and how much of it is gone without one. */
function createAccount(ids: readonly string[]) {
  const clock = createTestClock({ now: opensAt })
  const sources = ids.map((id) => createMemoryEventSource({ id }))
  const store = createMemoryMonitorStore()
  const transactions: LedgerTransactionInput[] = []
  let missingMinor = 0n
  const ledger: LedgerRepository = {
    readSnapshot: (work, options) =>
      createMemoryLedgerRepository({
        transactions,
        balances: [
          {
            accountId: 'card-7',
            currency: 'EUR',
            checkpointMinor: 1_000n,
            balanceMinor: 1_000n - BigInt(transactions.length) - missingMinor,
            eventTime: opensAt,
          },
        ],
      }).readSnapshot(work, options),
  }
  const monitor = createMonitor({ sources, store, clock, reconciliation: { ledger } })
  return {
    store,
    /** The account is reconciled because of a payment that a source tells of. */
    reconcile: async (missing: bigint, sourceId = ids[0]): Promise<string[]> => {
      missingMinor = missing
      const row = payment(`tx-${transactions.length}`, { amountMinor: -1n, eventTime: clock.now() })
      transactions.push(row)
      sources.find(({ id }) => id === sourceId)?.add([row])
      await clock.advance(15_000)
      await monitor.cycle()
      return found(store)
    },
    resolve: (): void => {
      const eventId = store.events()[0]?.eventId ?? 'none'
      store.updateEvent({ eventId, status: 'resolved', by: 'ada', notes: null, now: clock.now() })
    },
  }
}

test('a discrepancy that a person has ended is told again when it comes again, not while it stays', async () => {
  const { reconcile, resolve } = createAccount(['ledger'])
  expect(await reconcile(50n)).toEqual(['balance.reconciliation open 1'])
  resolve()
  expect(await reconcile(50n)).toEqual(['balance.reconciliation resolve 2'])
  expect(await reconcile(0n)).toEqual(['balance.reconciliation resolve 2'])
  expect(await reconcile(50n)).toEqual(['balance.reconciliation open 3'])
})

test('a discrepancy ends with the next event of its account, whichever source tells of it', async () => {
  const { reconcile } = createAccount(['terminals', 'bank'])
  expect(await reconcile(50n, 'terminals')).toEqual(['balance.reconciliation open 1'])
  expect(await reconcile(0n, 'bank')).toEqual(['balance.reconciliation resolve 2'])
})
