/** A share of a sample, and where the true share lies. */
export interface ShareEstimate {
  /** `null` for an empty sample. */
  readonly rate: number | null
  readonly lower: number
  readonly upper: number
}

/** The 97.5th percentile of the normal distribution, for an interval of 95 %. */
const Z = 1.959_963_984_540_054

/**
 * The 95 % score interval of a share: E. B. Wilson (1927), Probable Inference, the Law of Succession,
 * and Statistical Inference, https://doi.org/10.1080/01621459.1927.10502953.
 *
 * @param hits how many of the sample
 * @param sample how many there are
 */
export function wilsonInterval(hits: number, sample: number): ShareEstimate {
  if (sample === 0) return { rate: null, lower: 0, upper: 1 }
  const rate = hits / sample
  const z2 = Z * Z
  const centre = (rate + z2 / (2 * sample)) / (1 + z2 / sample)
  const reach =
    (Z / (1 + z2 / sample)) * Math.sqrt((rate * (1 - rate)) / sample + z2 / (4 * sample * sample))
  return {
    rate,
    // At the ends the formula is exact, and rounding would blur it.
    lower: hits === 0 ? 0 : centre - reach,
    upper: hits === sample ? 1 : centre + reach,
  }
}
