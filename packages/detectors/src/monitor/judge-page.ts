import type { CombinedDetector } from '../detector/combine-detectors.ts'
import type { DetectorRunner, RunnerStep } from '../detector/detector-runner.ts'
import type { Finding } from '../detector/finding.ts'
import type { OrderedState } from '../detector/in-event-order.ts'
import type { LeftOutRow } from '../detector/left-out-row.ts'
import type { BacklogTime } from './backlog-time.ts'
import type { EventPage } from './event-source.ts'
import { judgeAnew, type LateEvents, type RejudgedState } from './judge-anew.ts'
import type { KeyState, MonitorCommit, SetAsideRow } from './monitor-store.ts'
import type { PartitionRunOptions } from './partition-run.ts'
import { type ReadRows, readRows } from './read-rows.ts'
import { setAside } from './set-aside.ts'
import { decodeState, encodeState } from './state-codec.ts'
import { nextWatermark } from './watermark.ts'

/** How far a partition is worked through. */
export interface PartitionProgress {
  readonly runner: DetectorRunner<OrderedState<unknown>>
  /** As the store has it. */
  cursor: string | null
  /** Where the next page begins: further on, where pages had nothing to commit. */
  readFrom: string | null
  watermark: number | null
  readAt: number | null
  readonly backlog: BacklogTime
}

/** A page, and when it was read. */
export interface ReadPage {
  readonly page: EventPage
  readonly now: number
  readonly signal: AbortSignal
}

/** What a page led to, and how it was got through. */
export interface JudgedPage {
  readonly step: RunnerStep
  /** How many late events could not be judged any more. */
  readonly notRejudged: number
  /** `null` when nothing is worth a commit. */
  readonly commit: MonitorCommit | null
  /** Whether no account had to be judged anew. */
  readonly isLight: boolean
}

/**
 * Judges a page: its events in their places, and accounts with events that came too late for theirs
 * with their whole history.
 *
 * @returns `null` when nothing is known yet, not even what time it is
 */
export async function judgePage(
  at: PartitionProgress,
  read: ReadPage,
  options: PartitionRunOptions,
): Promise<JudgedPage | null> {
  const { page, now, signal } = read
  const rows = readRows(options.source.id, page.rows, now + options.futureToleranceMs)
  const reached = nextWatermark({
    before: at.watermark,
    backlogTime: at.backlog.note(rows.events.map(({ eventTime }) => eventTime)),
    completeUpTo: page.isLast ? page.completeUpTo : null,
    now,
    allowedLatenessMs: options.allowedLatenessMs,
  })
  if (reached === null && page.rows.length === 0) return null
  const watermark = reached ?? Number.MIN_SAFE_INTEGER
  const step = await takeIn(at.runner, rows, watermark, options)
  const review = step.touched.filter((key) => isDue(at.runner, key, watermark))
  const late = { late: step.late, review, watermark, now, signal }
  const anew = await judgeLate(late, at.runner, page.cursor, options)
  const tooLate = setAsideLate(step, anew, options)
  const aside = [...rows.aside, ...tooLate]
  const isQuiet = page.rows.length === 0 && step.touched.length === 0
  // Time has passed and nothing else has happened, which is not worth a commit.
  if (isQuiet) at.watermark = reached
  return {
    step,
    notRejudged: tooLate.length,
    commit: isQuiet ? null : commitOf(at, read, { watermark, step, anew, aside }, options),
    isLight: anew.length === 0,
  }
}

/** Takes in what a page says, once the states of its keys are here. */
async function takeIn(
  runner: PartitionProgress['runner'],
  { events, leftOut }: ReadRows,
  watermark: number,
  options: PartitionRunOptions,
): Promise<RunnerStep> {
  const { detector } = options
  const known = rowsOfAccounts(leftOut, detector)
  const keys = events.map((event) => detector.key(event))
  await restoreMissing(runner, [...keys, ...known.map(({ accountId }) => accountId)], options)
  return runner.take(events, watermark, known)
}

interface Judgement {
  readonly watermark: number
  readonly step: RunnerStep
  readonly anew: readonly RejudgedState[]
  readonly aside: readonly SetAsideRow[]
}

function commitOf(
  { cursor: cursorBefore, readAt, runner }: PartitionProgress,
  { page, now }: ReadPage,
  { watermark, step, anew, aside }: Judgement,
  { lease, source }: PartitionRunOptions,
): MonitorCommit {
  return {
    lease,
    cursorBefore,
    cursor: page.cursor,
    watermark,
    readAt: page.rows.length > 0 ? now : readAt,
    now,
    states: statesOf(runner, new Set([...step.touched, ...anew.map(({ key }) => key)])),
    findings: [...step.findings.filter(holds(anew)), ...anew.flatMap(({ findings }) => findings)],
    rejudged: anew.flatMap(({ rejudged }) => rejudged),
    setAside: aside,
    source: source.id,
  }
}

async function judgeLate(
  late: Omit<LateEvents, 'upTo'>,
  runner: PartitionProgress['runner'],
  upTo: string | null,
  options: PartitionRunOptions,
): Promise<readonly RejudgedState[]> {
  if (upTo === null || isOfSystem(options)) return []
  const anew = await judgeAnew({ ...late, upTo }, options)
  for (const { key, state, wakeAt } of anew) {
    if (state !== null) runner.restore(key, state, wakeAt)
    else forgetReview(runner, key)
  }
  return anew
}

/** The late events that nobody can judge any more. */
function setAsideLate(
  { late }: RunnerStep,
  anew: readonly RejudgedState[],
  options: PartitionRunOptions,
): readonly SetAsideRow[] {
  const tooLate = isOfSystem(options) ? late : []
  return [
    ...tooLate.map((event) => setAside(options.source.id, event, TOO_LATE)),
    ...anew.flatMap(({ tooLong }) => tooLong),
  ]
}

function isOfSystem({ detector }: PartitionRunOptions): boolean {
  return detector.rules.scope === 'system'
}

const TOO_LATE = 'late, and the rules on the whole system have no place for it any more'

/** What was found of an account on this page is not true any more once it was judged anew. */
function holds(anew: readonly RejudgedState[]): (finding: Finding) => boolean {
  const judgedAnew = new Set(anew.flatMap(({ key, state }) => (state === null ? [] : [key])))
  return ({ subject }) => !judgedAnew.has(subject)
}

/** Of rows that were set aside, those that say something to a detector. */
function rowsOfAccounts(
  leftOut: readonly LeftOutRow[],
  { rules }: CombinedDetector,
): readonly LeftOutRow[] {
  if (rules.scope === 'system') return []
  return leftOut.filter(({ dueAt }) => dueAt !== null || rules.leaveGap !== undefined)
}

/** Whether rows that were set aside make it time to judge a key anew. */
function isDue(runner: PartitionProgress['runner'], key: string, watermark: number): boolean {
  const reviewAt = runner.stateOf(key)?.state.reviewAt ?? null
  return reviewAt !== null && reviewAt <= watermark
}

/** Its history is too long, and is not going to be shorter. */
function forgetReview(runner: PartitionProgress['runner'], key: string): void {
  const kept = runner.stateOf(key)
  if (kept !== undefined) kept.state.reviewAt = null
}

async function restoreMissing(
  runner: PartitionProgress['runner'],
  keys: readonly string[],
  { store, lease }: PartitionRunOptions,
): Promise<void> {
  const missing = new Set(keys.filter((key) => !runner.has(key)))
  if (missing.size > 0) restore(runner, await store.loadStates(lease, [...missing]))
}

/** Puts states of a store into a runner. */
export function restore(runner: PartitionProgress['runner'], states: readonly KeyState[]): void {
  for (const { key, state, wakeAt } of states) {
    runner.restore(key, decodeState(state) as OrderedState<unknown>, wakeAt ?? Infinity)
  }
}

function statesOf(runner: PartitionProgress['runner'], keys: ReadonlySet<string>): KeyState[] {
  return [...keys].flatMap((key) => {
    const kept = runner.stateOf(key)
    if (kept === undefined) return []
    const wakeAt = Number.isFinite(kept.wakeAt) ? kept.wakeAt : null
    return [{ key, state: encodeState(kept.state), wakeAt }]
  })
}
