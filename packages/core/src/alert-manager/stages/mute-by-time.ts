import type { CompiledRoute } from '../policy/compile-policy.ts'

/** The stage of the times: whether a route says nothing now. */
export function isMuteByTime({ muteTimes }: CompiledRoute, now: number): boolean {
  return muteTimes.some((isWithin) => isWithin(now))
}
