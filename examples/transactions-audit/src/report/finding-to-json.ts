import type { Finding } from '@assay/detectors'

/** A finding as one line of JSON. Amounts are strings, because JSON readers cut numbers at 2^53. */
export function findingToJson(finding: Finding): string {
  return JSON.stringify(finding, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
}
