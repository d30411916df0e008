import type { Finding } from '../detector/finding.ts'

/** A fault that a generator put into its rows, and where. */
export interface PlantedFault {
  readonly ruleId: string
  readonly accountId: string
  /** The transaction that shows it; `null` when the account as a whole does. */
  readonly transactionId: string | null
}

/** What was found, beside what was planted. */
export interface PlantedComparison {
  readonly found: readonly PlantedFault[]
  readonly missed: readonly PlantedFault[]
  /** Findings of nothing that was planted, and second findings of the same fault. */
  readonly unexpected: readonly Finding[]
}

/**
 * Compares findings with the truth. A fault is found when a finding of its rule names its account and
 * its transaction; updates and resolutions of findings are left out.
 *
 * @param planted the truth
 * @param findings what a detector found
 *
 * @example
 * ```ts
 * import { compareWithPlanted } from '@assay/detectors/testing'
 *
 * const fault = { ruleId: 'balance.negative', accountId: 'card-7', transactionId: 'tx-1' }
 * console.log(compareWithPlanted([fault], []).missed.length) // 1
 * ```
 */
export function compareWithPlanted(
  planted: readonly PlantedFault[],
  findings: Iterable<Finding>,
): PlantedComparison {
  const open = new Map(planted.map((fault) => [keyOf(fault), fault]))
  const found: PlantedFault[] = []
  const unexpected: Finding[] = []
  for (const finding of findings) {
    if (finding.action !== 'open') continue
    const transactionId = finding.transactionIds[0] ?? null
    const key = keyOf({ ruleId: finding.ruleId, accountId: finding.subject, transactionId })
    const fault = open.get(key)
    if (fault === undefined) {
      unexpected.push(finding)
    } else {
      open.delete(key)
      found.push(fault)
    }
  }
  return { found, missed: [...open.values()], unexpected }
}

function keyOf({ ruleId, accountId, transactionId }: PlantedFault): string {
  return JSON.stringify([ruleId, accountId, transactionId])
}
