import type { DetectionOptions, RuleSummary } from './detect-over-accounts.ts'
import type { DetectorStep } from './detector.ts'
import type { Finding } from './finding.ts'

/** What steps of detectors led to, rule by rule. */
export interface RuleReport<RuleId extends string, Reason extends string> {
  /** The first findings, at most `findingsMax`. */
  readonly findings: readonly Finding<RuleId>[]
  /** How many there were in all. */
  readonly findingCount: number
  readonly rules: Readonly<Record<RuleId, RuleSummary<Reason>>>
  /** Adds a step, and waits for whoever sees its findings. */
  add(step: ReportedStep<RuleId, Reason>): Promise<void>
}

type ReportedStep<RuleId extends string, Reason extends string> = Pick<
  DetectorStep<never, never, RuleId, Reason>,
  'findings' | 'evaluated' | 'notEvaluable'
>

interface Tally<Reason extends string> {
  findings: number
  evaluated: number
  readonly notEvaluable: Partial<Record<Reason, number>>
}

/** Makes a report of no steps yet, in which every rule has its place. */
export function createRuleReport<RuleId extends string, Reason extends string>(
  ruleIds: readonly RuleId[],
  { findingsMax = 10_000, onFinding }: Pick<DetectionOptions<RuleId>, 'findingsMax' | 'onFinding'>,
): RuleReport<RuleId, Reason> {
  const tallies = Object.fromEntries(
    ruleIds.map((ruleId) => [ruleId, { findings: 0, evaluated: 0, notEvaluable: {} }]),
  ) as Record<RuleId, Tally<Reason>>
  const first: Finding<RuleId>[] = []
  let findingCount = 0

  function count({ evaluated, notEvaluable }: ReportedStep<RuleId, Reason>): void {
    for (const ruleId of ruleIds) tallies[ruleId].evaluated += evaluated[ruleId] ?? 0
    for (const { ruleId, reason } of notEvaluable) {
      const counts = tallies[ruleId].notEvaluable
      counts[reason] = (counts[reason] ?? 0) + 1
    }
  }

  return {
    findings: first,
    get findingCount() {
      return findingCount
    },
    rules: tallies,
    async add(step) {
      count(step)
      for (const { ruleId } of step.findings) tallies[ruleId].findings += 1
      findingCount += step.findings.length
      for (const finding of step.findings) {
        if (first.length < findingsMax) first.push(finding)
        await onFinding?.(finding)
      }
    },
  }
}
