import type { OracleContext } from './oracle-context.ts'

/**
 * When a call may be tried again: after a wait that doubles with each failed try, of which chance takes
 * up to half away, so that calls that failed together do not come back together.
 */
export function retryAt(
  {
    policy: { backoffMs, backoffMaxMs },
    clock,
    random,
  }: Pick<OracleContext, 'policy' | 'clock' | 'random'>,
  failedTries: number,
): number {
  const waitMs = Math.min(backoffMaxMs, backoffMs * 2 ** (failedTries - 1))
  return clock.now() + Math.round(waitMs * (1 - random() / 2))
}
