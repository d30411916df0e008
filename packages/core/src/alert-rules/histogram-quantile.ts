/**
 * A quantile of a histogram, as `histogram_quantile` of Prometheus: found in its bucket by a straight
 * line. The lowest bucket begins at 0; what falls into the highest is the bound below it.
 *
 * @param quantile between 0 and 1
 * @param bounds upper bounds, ascending
 * @param counts how many values, or how many for each second, were at most each bound
 * @returns `NaN` without values, with fewer than two buckets, or where the last bound is not `Infinity`
 * @see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 */
export function histogramQuantile(
  quantile: number,
  bounds: readonly number[],
  counts: readonly number[],
): number {
  const last = bounds.length - 1
  if (last < 1 || bounds[last] !== Number.POSITIVE_INFINITY) return Number.NaN

  // Buckets that were extrapolated apart may seem to hold less than a lower one.
  const total = Math.max(...counts)
  // Also where it is no number.
  if (!(total > 0)) return Number.NaN

  const rank = quantile * total
  let below = 0
  let found = 0
  let reached = counts[0]!
  while (reached < rank) {
    found += 1
    below = reached
    reached = Math.max(reached, counts[found]!)
  }
  if (found === last) return bounds[last - 1]!
  const upper = bounds[found]!
  if (found === 0 && upper <= 0) return upper
  const lower = found === 0 ? 0 : bounds[found - 1]!
  return lower + (upper - lower) * ((rank - below) / (reached - below))
}
