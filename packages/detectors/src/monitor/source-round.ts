import type { Clock } from '@assay/core'

import { findingFingerprint } from '../detector/finding-fingerprint.ts'
import type { Finding } from '../detector/finding.ts'
import type { FindingTeller } from './finding-teller.ts'
import type { MonitorStore } from './monitor-store.ts'
import type { SourceWatch } from './source-watch.ts'
import { settlesWithin, untilAborted } from './until-aborted.ts'
import type { UrgentTeller } from './urgent-teller.ts'

/** The rule about the store itself. */
type StoreRuleId = 'store.failing'

/** What a monitor looks after its sources, and its store, with. */
export interface SourceRoundOptions {
  readonly watch: SourceWatch
  readonly store: Pick<MonitorStore, 'note'>
  readonly teller: FindingTeller
  readonly urgent: UrgentTeller
  readonly owner: string
  readonly tenant: string | null
  /** Of a round as a whole; a store that has not answered after half of it is failing. */
  readonly timeoutMs: number
  readonly clock: Clock
}

/**
 * Makes the round that stores and tells what holds of the sources. Where it cannot be stored people hear
 * of it all the same, and that the store is failing: then passes cannot so much as begin to read, so no
 * circuit would open, and this is how one hears that nothing is watched.
 *
 * @returns one round; it throws what the store threw, and the signal's reason
 */
export function createSourceRound({
  watch,
  store,
  teller,
  urgent,
  owner,
  tenant,
  timeoutMs,
  clock,
}: SourceRoundOptions): (signal: AbortSignal) => Promise<void> {
  let failingSince: number | null = null

  function aboutStore(): Finding<StoreRuleId> {
    failingSince ??= clock.now()
    return {
      // Each monitor speaks for itself, and ends what it said: it cannot ask the others.
      fingerprint: findingFingerprint('store.failing', tenant, [owner, String(failingSince)]),
      ruleId: 'store.failing',
      ruleVersion: 1,
      severity: 'high',
      action: 'open',
      subject: 'store',
      transactionIds: [],
      eventTime: failingSince,
      confidence: 1,
      evidence: { owner },
    }
  }

  return async (signal) => {
    signal.throwIfAborted()
    let found: readonly Finding[] = []

    async function noteWhatHolds(): Promise<void> {
      const { note, storeFailure } = await watch.look(clock.now())
      found = note.findings
      await store.note(note)
      if (storeFailure !== null) throw storeFailure.error
    }
    const tellAtOnce = (): Promise<void> =>
      untilAborted(signal, urgent.tell([...found, aboutStore()]))

    const noting = noteWhatHolds()
    try {
      if (!(await untilAborted(signal, settlesWithin(timeoutMs / 2, noting, clock)))) {
        await tellAtOnce()
      }
      await untilAborted(signal, noting)
    } catch (error) {
      // Who aborts it may have reasons of his own.
      if (!signal.aborted) await tellAtOnce()
      throw error
    }
    failingSince = null
    await untilAborted(signal, urgent.endAllBut(found))
    await untilAborted(signal, teller.tell())
  }
}
