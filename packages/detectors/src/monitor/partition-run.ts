import type { Logger } from '@assay/core'

import type { CombinedDetector } from '../detector/combine-detectors.ts'
import { createDetectorRunner, type DetectorRunner } from '../detector/detector-runner.ts'
import type { Finding } from '../detector/finding.ts'
import type { OrderedState } from '../detector/in-event-order.ts'
import type { LeftOutRow } from '../detector/left-out-row.ts'
import { type BacklogTime, createBacklogTime } from './backlog-time.ts'
import type { EventPage, EventSource } from './event-source.ts'
import { judgeAnew, type LateEvents, type RejudgedState } from './judge-anew.ts'
import type { MonitorCoverage } from './monitor-metrics.ts'
import type { KeyState, MonitorCommit, MonitorStore, PartitionLease } from './monitor-store.ts'
import type { PageSize } from './page-size.ts'
import { readRows } from './read-rows.ts'
import { setAside } from './set-aside.ts'
import { decodeState, encodeState } from './state-codec.ts'
import { momentOf, nextWatermark } from './watermark.ts'

/** What one partition is worked on with. */
export interface PartitionRunOptions {
  readonly lease: PartitionLease
  readonly detector: CombinedDetector
  readonly source: EventSource
  readonly store: MonitorStore
  readonly partitions: number
  readonly batchSize: number
  readonly allowedLatenessMs: number
  readonly futureToleranceMs: number
  readonly rejudgedMax: number
  readonly cachedKeysMax: number
  readonly tenant: string | null
  readonly coverage: MonitorCoverage
  readonly logger: Logger
  /** Reads through the source's circuit breaker. */
  readonly guard: <Result>(read: () => Promise<Result>) => Promise<Result>
}

/** One partition of a pass, in the hands of this process. */
export interface PartitionRun {
  /**
   * Reads and judges one page.
   *
   * @returns `more` when another one waits, `caught-up` when none does, `lost` when another monitor has
   *   taken the partition over
   */
  advance(now: number, signal: AbortSignal): Promise<'more' | 'caught-up' | 'lost'>
  /**
   * From when on there is something to do though no event comes, in epoch milliseconds, where the source
   * is complete by then; infinite for never.
   */
  readonly wakeAt: number
  /** Up to when it has judged, in epoch milliseconds; `null` while that is unknown. */
  readonly watermark: number | null
}

type Runner = DetectorRunner<OrderedState<unknown>>

interface Position {
  readonly runner: Runner
  /** As the store has it. */
  cursor: string | null
  /** Where the next page begins: further on, where pages had nothing to commit. */
  readFrom: string | null
  watermark: number | null
  readAt: number | null
  readonly backlog: BacklogTime
}

/** What a page led to, and how it was got through. */
interface JudgedPage {
  /** `null` when nothing is worth a commit. */
  readonly commit: MonitorCommit | null
  /** Whether no account had to be judged anew. */
  readonly isLight: boolean
}

/**
 * Makes the run of one partition. It reads nothing before the first page.
 *
 * @param options what it is worked on with
 * @param pageSize how much of it is read at once; outlives the lease, which may end with a long page
 */
export function createPartitionRun(options: PartitionRunOptions, pageSize: PageSize): PartitionRun {
  const { lease, detector, source, store, coverage } = options
  let position: Position | null = null

  async function open(): Promise<Position> {
    const { cursor, watermark, readAt, waiting } = await store.open(lease)
    const runner = createDetectorRunner(detector, undefined)
    restore(runner, waiting)
    const backlog = createBacklogTime()
    return { runner, cursor, readFrom: cursor, watermark, readAt, backlog }
  }

  async function judge(
    at: Position,
    page: EventPage,
    now: number,
    signal: AbortSignal,
  ): Promise<JudgedPage> {
    const { events, leftOut, aside } = readRows(
      source.id,
      page.rows,
      now + options.futureToleranceMs,
    )
    const watermark = nextWatermark({
      before: at.watermark,
      backlogTime: at.backlog.note(events.map(({ eventTime }) => eventTime)),
      completeUpTo: page.isLast ? page.completeUpTo : null,
      now,
      allowedLatenessMs: options.allowedLatenessMs,
    })
    if (watermark === null && page.rows.length === 0) return NOTHING
    const upToMs = watermark ?? Number.MIN_SAFE_INTEGER
    const known = rowsOfAccounts(leftOut, detector)
    await restoreMissing(
      at.runner,
      [...events.map((event) => detector.key(event)), ...known.map(({ accountId }) => accountId)],
      options,
    )
    const step = at.runner.take(events, upToMs, known)
    coverage.judged(page.rows.length, step)

    const upTo = page.cursor
    const review = step.touched.filter((key) => isDue(at.runner, key, upToMs))
    const late = { late: step.late, review, watermark: upToMs, now, signal }
    const anew = await judgeLate(late, at.runner, upTo)
    const tooLate = detector.rules.scope === 'system' ? step.late : []
    coverage.notRejudged(tooLate.length)
    const readAt = page.rows.length > 0 ? now : at.readAt
    if (page.rows.length === 0 && step.touched.length === 0) {
      // Time has passed and nothing else has happened, which is not worth a commit.
      at.watermark = watermark
      return NOTHING
    }
    const commit: MonitorCommit = {
      lease,
      cursorBefore: at.cursor,
      cursor: page.cursor,
      watermark: upToMs,
      readAt,
      now,
      states: statesOf(at.runner, new Set([...step.touched, ...anew.map(({ key }) => key)])),
      findings: [...step.findings.filter(holds(anew)), ...anew.flatMap(({ findings }) => findings)],
      rejudged: anew.flatMap(({ rejudged }) => (rejudged === null ? [] : [rejudged])),
      setAside: [
        ...aside,
        ...tooLate.map((event) => setAside(source.id, event, TOO_LATE)),
        ...anew.flatMap(({ tooLong }) => tooLong),
      ],
      source: source.id,
    }
    return { commit, isLight: anew.length === 0 }
  }

  async function judgeLate(
    late: Omit<LateEvents, 'upTo'>,
    runner: Runner,
    upTo: string | null,
  ): Promise<readonly RejudgedState[]> {
    if (upTo === null || detector.rules.scope === 'system') return []
    const anew = await judgeAnew({ ...late, upTo }, options)
    for (const { key, state, wakeAt } of anew) {
      if (state !== null) runner.restore(key, state, wakeAt)
      else forgetReview(runner, key)
    }
    return anew
  }

  async function advance(now: number, signal: AbortSignal): ReturnType<PartitionRun['advance']> {
    const at = position ?? (await open())
    // Until the commit is through, what the states hold is not what the store holds.
    position = null
    const page = await options.guard(() =>
      source.read({
        partition: lease.partition,
        partitions: options.partitions,
        after: at.readFrom,
        limit: pageSize.limit,
        now,
        signal,
      }),
    )
    signal.throwIfAborted()
    const { commit, isLight } = await judge(at, page, now, signal)
    if (commit !== null) {
      if ((await store.commit(commit)) === 'lost') return 'lost'
      coverage.committed(commit)
      at.cursor = commit.cursor
      at.watermark = commit.watermark
      at.readAt = commit.readAt
    }
    at.readFrom = page.cursor
    at.runner.evict(options.cachedKeysMax)
    position = at
    pageSize.done({ isLast: page.isLast, isLight })
    return page.isLast ? 'caught-up' : 'more'
  }

  return {
    get wakeAt() {
      return momentOf(position?.runner.wakeAt ?? Infinity, options)
    },
    get watermark() {
      return position?.watermark ?? null
    },
    async advance(now, signal) {
      try {
        return await advance(now, signal)
      } catch (error) {
        if (signal.aborted) pageSize.aborted()
        throw error
      }
    },
  }
}

const NOTHING: JudgedPage = { commit: null, isLight: true }

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
function isDue(runner: Runner, key: string, watermark: number): boolean {
  const reviewAt = runner.stateOf(key)?.state.reviewAt ?? null
  return reviewAt !== null && reviewAt <= watermark
}

/** Its history is too long, and is not going to be shorter. */
function forgetReview(runner: Runner, key: string): void {
  const kept = runner.stateOf(key)
  if (kept !== undefined) kept.state.reviewAt = null
}

async function restoreMissing(
  runner: Runner,
  keys: readonly string[],
  { store, lease }: PartitionRunOptions,
): Promise<void> {
  const missing = new Set(keys.filter((key) => !runner.has(key)))
  if (missing.size > 0) restore(runner, await store.loadStates(lease, [...missing]))
}

function restore(runner: Runner, states: readonly KeyState[]): void {
  for (const { key, state, wakeAt } of states) {
    runner.restore(key, decodeState(state) as OrderedState<unknown>, wakeAt ?? Infinity)
  }
}

function statesOf(runner: Runner, keys: ReadonlySet<string>): KeyState[] {
  return [...keys].flatMap((key) => {
    const kept = runner.stateOf(key)
    if (kept === undefined) return []
    const wakeAt = Number.isFinite(kept.wakeAt) ? kept.wakeAt : null
    return [{ key, state: encodeState(kept.state), wakeAt }]
  })
}
