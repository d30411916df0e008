import type { Finding } from '../detector/finding.ts'

/** The rule with its version, as events name it: `balance.negative@1`. */
export function algorithmOf({ ruleId, ruleVersion }: Finding): string {
  return `${ruleId}@${ruleVersion}`
}

/** The version of a rule in what {@link algorithmOf} returned. */
export function parseAlgorithm(algorithm: string): number {
  return Number(algorithm.slice(algorithm.lastIndexOf('@') + 1))
}
