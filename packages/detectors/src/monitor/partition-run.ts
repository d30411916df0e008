import type { CombinedDetector } from '../detector/combine-detectors.ts'
import { createDetectorRunner } from '../detector/detector-runner.ts'
import { createBacklogTime } from './backlog-time.ts'
import type { EventPage, EventSource } from './event-source.ts'
import { judgePage, type JudgedPage, type PartitionProgress, restore } from './judge-page.ts'
import type { MonitorCoverage } from './monitor-metrics.ts'
import type { MonitorStore, PartitionLease } from './monitor-store.ts'
import type { PageSize } from './page-size.ts'
import { momentOf } from './watermark.ts'

/** What one partition is worked on with. */
export interface PartitionRunOptions {
  readonly lease: PartitionLease
  readonly detector: CombinedDetector
  readonly source: EventSource
  readonly store: MonitorStore
  readonly partitions: number
  readonly allowedLatenessMs: number
  readonly futureToleranceMs: number
  readonly rejudgedMax: number
  readonly cachedKeysMax: number
  readonly tenant: string | null
  readonly coverage: MonitorCoverage
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

/**
 * Makes the run of one partition. It reads nothing before the first page.
 *
 * @param options what it is worked on with
 * @param pageSize how much of it is read at once; outlives the lease, which may end with a long page
 */
export function createPartitionRun(options: PartitionRunOptions, pageSize: PageSize): PartitionRun {
  let position: PartitionProgress | null = null

  async function advance(now: number, signal: AbortSignal): ReturnType<PartitionRun['advance']> {
    const at = position ?? (await open(options))
    // Until the commit is through, what the states hold is not what the store holds.
    position = null
    const page = await readPage(at.readFrom, pageSize.limit, { now, signal }, options)
    const judged = await judgePage(at, { page, now, signal }, options)
    if (judged !== null && (await commit(at, page, judged, options)) === 'lost') return 'lost'
    at.readFrom = page.cursor
    at.runner.evict(options.cachedKeysMax)
    position = at
    pageSize.done({ isLast: page.isLast, isLight: judged?.isLight ?? true })
    return page.isLast ? 'caught-up' : 'more'
  }

  return {
    get wakeAt() {
      return momentOf(position?.runner.wakeAt ?? Infinity, options)
    },
    get watermark() {
      return position?.watermark ?? null
    },
    advance: (now, signal) => shortenWhenAborted(pageSize, signal, advance(now, signal)),
  }
}

/** Waits for a page, and sees to it that the next one is shorter where there was no time for this one. */
export async function shortenWhenAborted<Result>(
  pageSize: PageSize,
  signal: AbortSignal,
  working: Promise<Result>,
): Promise<Result> {
  try {
    return await working
  } catch (error) {
    if (signal.aborted) pageSize.aborted()
    throw error
  }
}

async function open({ store, lease, detector }: PartitionRunOptions): Promise<PartitionProgress> {
  const { cursor, watermark, readAt, waiting } = await store.open(lease)
  const runner = createDetectorRunner(detector, undefined)
  restore(runner, waiting)
  return { runner, cursor, readFrom: cursor, watermark, readAt, backlog: createBacklogTime() }
}

/** Reads what follows on a cursor in a partition. */
export async function readPage(
  after: string | null,
  limit: number,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
  {
    lease: { partition },
    partitions,
    source,
    guard,
  }: Pick<PartitionRunOptions, 'lease' | 'partitions' | 'source' | 'guard'>,
): Promise<EventPage> {
  const request = { partition, partitions, after, limit, now, signal }
  const page = await guard(() => source.read(request))
  signal.throwIfAborted()
  return page
}

/** Commits what a page led to, and counts it then, so that a page that is lost does not count twice. */
async function commit(
  at: PartitionProgress,
  { rows }: EventPage,
  judged: JudgedPage,
  { store, coverage }: PartitionRunOptions,
): Promise<'committed' | 'lost'> {
  if (judged.commit !== null) {
    if ((await store.commit(judged.commit)) === 'lost') return 'lost'
    coverage.committed(judged.commit)
    at.cursor = judged.commit.cursor
    at.watermark = judged.commit.watermark
    at.readAt = judged.commit.readAt
  }
  coverage.judged(rows.length, judged.step)
  coverage.notRejudged(judged.notRejudged)
  return 'committed'
}
