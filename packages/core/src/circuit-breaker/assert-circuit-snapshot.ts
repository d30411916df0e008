import { AssayError } from '../errors/assay-error.ts'
import type { CircuitSnapshot } from './circuit-breaker.ts'

/**
 * Requires what `snapshot()` returned: a host keeps it somewhere, and anything may come back.
 *
 * @throws {AssayError} `CIRCUIT_SNAPSHOT_INVALID`
 */
export function assertCircuitSnapshot(snapshot: CircuitSnapshot): void {
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
  const isValid =
    typeof snapshot === 'object' &&
    snapshot !== null &&
    ['closed', 'open', 'half-open'].includes(snapshot.state) &&
    isCount(snapshot.failures) &&
    isCount(snapshot.successes) &&
    isCount(snapshot.openings) &&
    typeof snapshot.forced === 'boolean' &&
    isProbeTime(snapshot)
  if (isValid) return
  throw new AssayError('CIRCUIT_SNAPSHOT_INVALID', {
    message: 'The circuit snapshot is not one that `snapshot()` returned.',
    retry: 'never',
  })
}

/** Only a circuit that opened by itself will admit probes, and it knows when. */
function isProbeTime({ state, forced, probeAt }: CircuitSnapshot): boolean {
  if (state === 'open' && !forced) return Number.isFinite(probeAt)
  return probeAt === null && (state === 'open' || !forced)
}
