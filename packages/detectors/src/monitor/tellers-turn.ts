import type { Clock } from '@assay/core'

import type { MonitorStore } from './monitor-store.ts'
import { giveSoleRightBack, takeSoleRight } from './sole-right.ts'

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
  /** Leaves it to the others. */
  end(): Promise<void>
}

/** Whose turn it is, and how long it lasts. */
export interface TellersTurnOptions {
  readonly store: Pick<MonitorStore, 'lease' | 'release'>
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
  const right = 'tell'
  let token: number | null = null
  let until = 0

  async function take(): Promise<number | null> {
    // From before the store was asked, however long it takes to answer.
    const now = clock.now()
    const taken = await takeSoleRight(store, { right, owner, now, leaseMs })
    until = now + leaseMs
    return taken
  }

  const isHeld = (): boolean => token !== null && clock.now() < until

  return {
    async begin() {
      token = await take()
      return isHeld()
    },
    isHeld,
    async keep() {
      if (!isHeld()) return false
      if (clock.now() < until - leaseMs / 2) return true
      // Another token is another turn: somebody else may have had one in between.
      if ((await take()) !== token) token = null
      return isHeld()
    },
    async end() {
      token = null
      await giveSoleRightBack(store, { right, owner })
    },
  }
}
