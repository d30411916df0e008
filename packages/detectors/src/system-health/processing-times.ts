/**
 * How long things took, for percentiles: exact up to `samplesMax` samples, within 1 % beyond. Plain data,
 * and the same whatever the order of the samples.
 *
 * Beyond `samplesMax` each sample is counted in a bucket (γⁱ⁻¹, γⁱ] with γ = 1.01 / 0.99, for which
 * 2γⁱ / (γ + 1) stands: DDSketch by Masson, Rim and Lee (2019), https://arxiv.org/abs/1908.10693. At most
 * 1,838 buckets hold every whole number of milliseconds.
 */
export interface ProcessingTimes {
  readonly samplesMax: number
  count: number
  /** Every sample; `null` once there were too many. */
  samples: number[] | null
  /** Once there were too many: how many samples each bucket holds, by its number i. */
  readonly buckets: Map<number, number>
}

/** The most by which a percentile is wrong beyond `samplesMax`, as a share of it. */
export const RELATIVE_ERROR = 0.01

const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
const LOG_GAMMA = Math.log(GAMMA)

/** The bucket of 0, which has no logarithm. */
const ZERO_BUCKET = -1

/** @param samplesMax the most samples of which each is kept */
export function createProcessingTimes(samplesMax: number): ProcessingTimes {
  return { samplesMax, count: 0, samples: [], buckets: new Map() }
}

/** @param durationMs a whole number of milliseconds, at least 0 */
export function addProcessingTime(times: ProcessingTimes, durationMs: number): void {
  times.count += 1
  if (times.samples === null) {
    addToBucket(times, durationMs)
    return
  }
  times.samples.push(durationMs)
  if (times.samples.length <= times.samplesMax) return
  for (const sample of times.samples) addToBucket(times, sample)
  times.samples = null
}

/**
 * The percentiles by nearest rank: of n samples in order, the one at place ⌈percent · n / 100⌉.
 *
 * @param percents whole numbers from 1 to 100, rising
 * @returns milliseconds, one for each; empty without a sample
 */
export function percentilesOf(
  { count, samples, buckets }: ProcessingTimes,
  percents: readonly number[],
): readonly number[] {
  if (count === 0) return []
  const ranks = percents.map((percent) => Math.ceil((percent * count) / 100))
  if (samples === null) return fromBuckets(buckets, ranks)
  const sorted = samples.toSorted((a, b) => a - b)
  return ranks.map((rank) => sorted[rank - 1]!)
}

function addToBucket({ buckets }: ProcessingTimes, durationMs: number): void {
  const bucket = durationMs === 0 ? ZERO_BUCKET : Math.ceil(Math.log(durationMs) / LOG_GAMMA)
  buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1)
}

/** @param ranks rising */
function fromBuckets(
  buckets: ReadonlyMap<number, number>,
  ranks: readonly number[],
): readonly number[] {
  const values: number[] = []
  let seen = 0
  for (const [bucket, samples] of [...buckets].sort(([a], [b]) => a - b)) {
    seen += samples
    while (values.length < ranks.length && ranks[values.length]! <= seen) {
      values.push(valueOf(bucket))
    }
  }
  return values
}

function valueOf(bucket: number): number {
  if (bucket === ZERO_BUCKET) return 0
  const estimateMs = (2 * GAMMA ** bucket) / (GAMMA + 1)
  // Below 50 ms an error of 1 % is less than half a millisecond, so the nearest whole number is exact.
  return estimateMs < 50 ? Math.round(estimateMs) : estimateMs
}
