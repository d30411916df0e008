import type { MonitorStore } from './monitor-store.ts'

/** What only one of the monitors of a store may do at a time, such as to tell findings. */
export interface SoleRightRequest {
  readonly right: string
  readonly owner: string
  readonly now: number
  readonly leaseMs: number
}

/** No pass begins with it, because the id of a source begins with a letter. */
const MARK = ':'

/**
 * Takes a right until `now + leaseMs`, or goes on with it.
 *
 * @returns the token of whoever has it, which is another one once somebody else has had it; `null` where
 *   another monitor has it
 */
export async function takeSoleRight(
  store: Pick<MonitorStore, 'lease'>,
  { right, ...asker }: SoleRightRequest,
): Promise<number | null> {
  const lease = { ...asker, pass: nameOf(right), version: 1, partitions: 1 }
  const [held] = await store.lease(lease)
  return held?.token ?? null
}

/** Gives a right back, if this monitor has it. */
export async function giveSoleRightBack(
  store: Pick<MonitorStore, 'release'>,
  { right, owner }: Pick<SoleRightRequest, 'right' | 'owner'>,
): Promise<void> {
  await store.release(owner, nameOf(right))
}

/** Whether what a store lends under this name is a right, and no partition in which anything is read. */
export function isSoleRight(pass: string): boolean {
  return pass.startsWith(MARK)
}

function nameOf(right: string): string {
  return `${MARK}${right}`
}
