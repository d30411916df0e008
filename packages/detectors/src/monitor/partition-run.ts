import type { Logger } from '@assay/core'

import { type AccountEvent, parseAccountEvent } from '../detector/account-event.ts'
import type { CombinedDetector } from '../detector/combine-detectors.ts'
import { createDetectorRunner, type DetectorRunner } from '../detector/detector-runner.ts'
import type { Finding } from '../detector/finding.ts'
import type { OrderedState } from '../detector/in-event-order.ts'
import { type BacklogTime, createBacklogTime } from './backlog-time.ts'
import type { EventPage, EventSource } from './event-source.ts'
import { judgeAnew, type RejudgedState } from './judge-anew.ts'
import type { MonitorCoverage } from './monitor-metrics.ts'
import type {
  KeyState,
  MonitorCommit,
  MonitorStore,
  PartitionLease,
  SetAsideRow,
} from './monitor-store.ts'
import type { PageSize } from './page-size.ts'
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

interface LateContext {
  readonly upTo: string | null
  readonly watermark: number | null
  readonly now: number
  readonly signal: AbortSignal
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
    const { events, rows } = read(page.rows, now, options)
    const watermark = nextWatermark({
      before: at.watermark,
      backlogTime: at.backlog.note(events.map(({ eventTime }) => eventTime)),
      completeUpTo: page.isLast ? page.completeUpTo : null,
      now,
      allowedLatenessMs: options.allowedLatenessMs,
    })
    if (watermark === null && rows.length === 0 && events.length === 0) return NOTHING
    await restoreMissing(at.runner, events, options)
    const step = at.runner.take(events, watermark ?? Number.MIN_SAFE_INTEGER)
    coverage.judged(page.rows.length, step)

    const upTo = page.cursor
    const anew = await judgeLate(step.late, at.runner, { upTo, watermark, now, signal })
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
      watermark: watermark ?? Number.MIN_SAFE_INTEGER,
      readAt,
      now,
      states: statesOf(at.runner, new Set([...step.touched, ...anew.map(({ key }) => key)])),
      findings: [...step.findings.filter(holds(anew)), ...anew.flatMap(({ findings }) => findings)],
      rejudged: anew.flatMap(({ rejudged }) => (rejudged === null ? [] : [rejudged])),
      setAside: [
        ...rows,
        ...tooLate.map((event) => setAside(source.id, event, TOO_LATE)),
        ...anew.flatMap(({ tooLong }) => tooLong),
      ],
      source: source.id,
    }
    return { commit, isLight: anew.length === 0 }
  }

  async function judgeLate(
    late: readonly AccountEvent[],
    runner: Runner,
    { upTo, watermark, now, signal }: LateContext,
  ): Promise<readonly RejudgedState[]> {
    if (late.length === 0 || upTo === null || detector.rules.scope === 'system') return []
    const anew = await judgeAnew(
      { late, upTo, watermark: watermark ?? Number.MIN_SAFE_INTEGER, now, signal },
      options,
    )
    for (const { key, state, wakeAt } of anew) {
      if (state !== null) runner.restore(key, state, wakeAt)
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

/** Parses rows, and sets aside those that are none or that come from the future. */
function read(
  rows: readonly unknown[],
  now: number,
  { source, futureToleranceMs }: PartitionRunOptions,
): { events: readonly AccountEvent[]; rows: readonly SetAsideRow[] } {
  const events: AccountEvent[] = []
  const aside: SetAsideRow[] = []
  for (const row of rows) {
    const parsed = parseAccountEvent(row)
    if (!parsed.ok) aside.push(setAside(source.id, row, parsed.reason))
    else if (parsed.row.eventTime > now + futureToleranceMs) {
      aside.push(setAside(source.id, row, 'eventTime: lies in the future'))
    } else events.push(parsed.row)
  }
  return { events, rows: aside }
}

/** What was found of an account on this page is not true any more once it was judged anew. */
function holds(anew: readonly RejudgedState[]): (finding: Finding) => boolean {
  const judgedAnew = new Set(anew.flatMap(({ key, state }) => (state === null ? [] : [key])))
  return ({ subject }) => !judgedAnew.has(subject)
}

async function restoreMissing(
  runner: Runner,
  events: readonly AccountEvent[],
  { detector, store, lease }: PartitionRunOptions,
): Promise<void> {
  const missing = new Set<string>()
  for (const event of events) {
    const key = detector.key(event)
    if (!runner.has(key)) missing.add(key)
  }
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
