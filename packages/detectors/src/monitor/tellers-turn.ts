import type { Clock } from '@assay/core'

import type { MonitorStore } from './monitor-store.ts'

/**
 * The right of one of the monitors on a store to tell findings. It ends by the clock, so that another
 * one goes on when this one has died; one that has merely stalled finds out before it tells more.
 */
export interface TellersTurn {
  /** Takes the turn, unless another monitor has it. */
  begin(): Promise<boolean>
  /** Whether it is still this monitor's. */
  isHeld(): boolean
  /** Makes it last, unless it has ended since it began. What was read before it ended may be over. */
  keep(): Promise<boolean>
}

/** Whose turn it is, and how long it lasts. */
export interface TellersTurnOptions {
  readonly store: Pick<MonitorStore, 'lease'>
  readonly owner: string
  readonly leaseMs: number
  readonly clock: Clock
}

/** Makes a turn that has not begun. */
export function createTellersTurn({
  store,
  owner,
  leaseMs,
  clock,
}: TellersTurnOptions): TellersTurn {
  let token: number | null = null
  let until = 0

  async function lease(): Promise<number | null> {
    // From before the store was asked, however long it takes to answer.
    const now = clock.now()
    const request = { pass: 'tell', version: 1, partitions: 1, owner, now, leaseMs }
    const [held] = await store.lease(request)
    until = now + leaseMs
    return held?.token ?? null
  }

  const isHeld = (): boolean => token !== null && clock.now() < until

  return {
    async begin() {
      token = await lease()
      return isHeld()
    },
    isHeld,
    async keep() {
      if (!isHeld()) return false
      if (clock.now() < until - leaseMs / 2) return true
      // Another token is another turn: somebody else may have had one in between.
      if ((await lease()) !== token) token = null
      return isHeld()
    },
  }
}
