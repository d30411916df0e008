import { assertWholeNumber } from '@assay/core'

import type { ParseRowResult } from '../ledger/ledger-entry.ts'
import type { AccountEvent } from './account-event.ts'
import { combineDetectors, type ConfiguredDetector } from './combine-detectors.ts'
import type { DetectorStep } from './detector.ts'
import type { Finding } from './finding.ts'
import { createRuleReport } from './rule-report.ts'

/** What every `detectX` function takes beside its own settings. */
export interface DetectionOptions<RuleId extends string = string> {
  /** Whose data it is, where findings of several tenants meet. Part of every fingerprint. */
  readonly tenant?: string | undefined
  /** Leaves out events before this moment, in epoch milliseconds. Default: none. */
  readonly sinceMs?: number | undefined
  /**
   * Leaves out events after this moment, in epoch milliseconds, and lets time pass up to it: what has
   * not ended by then stays open. Default: none, and then all that only time ends has ended.
   */
  readonly untilMs?: number | undefined
  /** The most rows that are read at once. Default 1,000. */
  readonly batchSize?: number | undefined
  /** The most findings that the result holds; all are counted, and `onFinding` sees all. Default 10,000. */
  readonly findingsMax?: number | undefined
  /** Sees every finding, in order; reading waits for what it returns. What it throws ends the run. */
  readonly onFinding?: ((finding: Finding<RuleId>) => void | Promise<void>) | undefined
  /** Sees every row that did not parse. What it throws ends the run. */
  readonly onRejected?: ((rejected: RejectedRow) => void | Promise<void>) | undefined
  /** Called after each batch. */
  readonly onProgress?: ((progress: DetectionProgress) => void) | undefined
  /** Ends the run between two batches. */
  readonly signal?: AbortSignal | undefined
}

/** A row that was set aside because it does not parse. */
export interface RejectedRow {
  /** As the repository handed it out. */
  readonly row: unknown
  /** Which fields are wrong, and why; never their values. */
  readonly reason: string
}

/** How much was read and found, so far or in all. */
export interface DetectionProgress {
  /** Accounts with an event that was to be judged. */
  readonly accounts: number
  /** Events that were to be judged: those that parsed, from `sinceMs` to `untilMs`. */
  readonly events: number
  /** Rows that did not parse. */
  readonly rejected: number
  /** Of all rules together; one that opens, grows and ends counts each time. */
  readonly findings: number
  /** Events that came after their place in the order had passed; a snapshot has none. */
  readonly late: number
}

/** What became of one rule. */
export interface RuleSummary<Reason extends string = string> {
  readonly findings: number
  /** How often it gave a verdict. */
  readonly evaluated: number
  /** How often it could give none, by reason. */
  readonly notEvaluable: Readonly<Partial<Record<Reason, number>>>
}

/** What was read and what became of it. */
export interface DetectionSummary<
  RuleId extends string = string,
  Reason extends string = string,
> extends DetectionProgress {
  readonly rules: Readonly<Record<RuleId, RuleSummary<Reason>>>
}

/** What a run returns. */
export interface DetectionReport<RuleId extends string = string, Reason extends string = string> {
  /** The first findings, at most `findingsMax`: account by account, then those about all of them. */
  readonly findings: readonly Finding<RuleId>[]
  readonly summary: DetectionSummary<RuleId, Reason>
}

/** What is to be judged, by whom, and where it is read. */
export interface DetectOverAccounts<Row> {
  /** The function that was called, as errors name it. */
  readonly name: string
  /** Those with the scope `system` see all events at the end; until then all are in memory. */
  readonly detectors: readonly ConfiguredDetector[]
  /** Every rule that the report names, in its order. Default: those of the detectors. */
  readonly ruleIds?: readonly string[] | undefined
  /** Reads a snapshot in which the rows of an account stand together. */
  readonly read: <Result>(
    work: (batches: AsyncIterable<readonly Row[]>) => Promise<Result>,
    options: { readonly batchSize: number },
  ) => Promise<Result>
  /** The event that a row tells of; `null` for a row that tells of none. */
  readonly parse: (row: Row) => ParseRowResult<AccountEvent | null>
}

/**
 * Runs detectors over what a repository holds, account by account: the same reducers that a monitor
 * runs, to which all of an account is delivered at once.
 *
 * @param run what is to be judged, by whom, and where it is read
 * @param options bounds in rows, and who hears of what
 * @throws `INVALID_OPTION` for an option that is out of range
 * @throws what the repository or a callback threw, and the signal's reason
 */
export async function detectOverAccounts<Row, RuleId extends string, Reason extends string>(
  run: DetectOverAccounts<Row>,
  options: DetectionOptions<RuleId>,
): Promise<DetectionReport<RuleId, Reason>> {
  const { batchSize = 1_000, signal, onProgress } = options
  assertOptions(run.name, options as DetectionOptions)
  signal?.throwIfAborted()

  return run.read(
    async (batches) => {
      // All that a run gathers is made here, so that a repository may begin its snapshot anew.
      const detection = createDetection<Row, RuleId, Reason>(run, options)
      for await (const batch of batches) {
        signal?.throwIfAborted()
        await detection.takeIn(batch)
        onProgress?.(detection.progress())
      }
      return detection.end()
    },
    { batchSize },
  )
}

interface Detection<Row, RuleId extends string, Reason extends string> {
  takeIn(batch: readonly Row[]): Promise<void>
  progress(): DetectionProgress
  end(): Promise<DetectionReport<RuleId, Reason>>
}

function createDetection<Row, RuleId extends string, Reason extends string>(
  { detectors, parse, ruleIds = ruleIdsOf(detectors) }: DetectOverAccounts<Row>,
  options: DetectionOptions<RuleId>,
): Detection<Row, RuleId, Reason> {
  const { sinceMs = -Infinity, untilMs = Infinity, onRejected } = options
  const judgeAccount = createJudge(detectors, 'account', untilMs)
  const judgeSystem = createJudge(detectors, 'system', untilMs)
  // The detectors are those of the function that was called, and so are their rules.
  const report = createRuleReport<RuleId, Reason>(ruleIds as readonly RuleId[], options)
  const counts = { accounts: 0, events: 0, rejected: 0, late: 0 }
  /** Events of the account that is being read. */
  let ofAccount: AccountEvent[] = []
  const ofSystem: AccountEvent[] = []

  async function takeIn(batch: readonly Row[]): Promise<void> {
    for (const row of batch) {
      const parsed = parse(row)
      if (!parsed.ok) {
        counts.rejected += 1
        await onRejected?.({ row, reason: parsed.reason })
      } else if (parsed.row !== null && isBetween(parsed.row, sinceMs, untilMs)) {
        await add(parsed.row)
      }
    }
  }

  async function add(event: AccountEvent): Promise<void> {
    counts.events += 1
    if (event.accountId !== ofAccount[0]?.accountId) {
      await endAccount()
      counts.accounts += 1
    }
    ofAccount.push(event)
    if (judgeSystem !== null) ofSystem.push(event)
  }

  async function endAccount(): Promise<void> {
    const events = ofAccount
    ofAccount = []
    if (judgeAccount !== null && events.length > 0) await note(judgeAccount(events))
  }

  async function note(step: Step): Promise<void> {
    counts.late += step.late.length
    await report.add(step as DetectorStep<AccountEvent, unknown, RuleId, Reason>)
  }

  const progress = (): DetectionProgress => ({ ...counts, findings: report.findingCount })
  return {
    takeIn,
    progress,
    async end() {
      await endAccount()
      if (judgeSystem !== null) await note(judgeSystem(ofSystem))
      const { findings, rules } = report
      return { findings, summary: { ...progress(), rules } }
    },
  }
}

function isBetween({ eventTime }: AccountEvent, sinceMs: number, untilMs: number): boolean {
  return eventTime >= sinceMs && eventTime <= untilMs
}

type Step = DetectorStep<AccountEvent, unknown>

/** Judges all events of a key; `null` without a detector of this scope. */
function createJudge(
  detectors: readonly ConfiguredDetector[],
  scope: 'account' | 'system',
  watermark: number,
): ((events: readonly AccountEvent[]) => Step) | null {
  const ofScope = detectors.filter(({ rules }) => rules.scope === scope)
  if (ofScope.length === 0) return null
  const detector = combineDetectors(ofScope)
  // The snapshot is complete, so nothing can come later than what it holds.
  const context = { watermark, config: undefined }
  return (events) => {
    const [first] = events
    const key = first === undefined ? '' : detector.key(first)
    return detector.step(detector.init(key), events, context)
  }
}

function ruleIdsOf(detectors: readonly ConfiguredDetector[]): readonly string[] {
  return detectors.flatMap(({ rules }) => Object.values(rules.ruleIds).flat())
}

function assertOptions(
  name: string,
  { batchSize = 1, findingsMax = 0, sinceMs = 0, untilMs = 0 }: DetectionOptions,
): void {
  assertWholeNumber(name, 'batchSize', batchSize, { min: 1 })
  assertWholeNumber(name, 'findingsMax', findingsMax, { min: 0 })
  assertWholeNumber(name, 'sinceMs', sinceMs, { min: Number.MIN_SAFE_INTEGER })
  assertWholeNumber(name, 'untilMs', untilMs, { min: Number.MIN_SAFE_INTEGER })
}
