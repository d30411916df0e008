import type { Clock } from '@assay/core'

/** A call that takes longer is no longer joined by others. */
const JOINED_MAX_MS = 10_000

/**
 * Keeps what was read for as long as `keepMs` says of it, and reads once for all who ask meanwhile. A
 * failure is told to those who waited for it, and is not kept.
 */
export function createCachedReading<Value>({
  read,
  keepMs,
  clock,
}: {
  readonly read: () => Promise<Value>
  readonly keepMs: (value: Value) => number
  readonly clock: Clock
}): () => Promise<Value> {
  let kept: { readonly value: Value; readonly until: number } | undefined
  let underWay: { readonly value: Promise<Value>; readonly at: number } | undefined

  async function readAnew(at: number): Promise<Value> {
    const value = await read()
    kept = { value, until: at + keepMs(value) }
    return value
  }

  return async () => {
    const now = clock.monotonic()
    if (kept !== undefined && now < kept.until) return kept.value
    if (underWay !== undefined && now - underWay.at < JOINED_MAX_MS) return underWay.value
    const call = { value: readAnew(now), at: now }
    underWay = call
    try {
      return await call.value
    } finally {
      if (underWay === call) underWay = undefined
    }
  }
}
