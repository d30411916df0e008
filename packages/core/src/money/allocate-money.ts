import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import type { Money } from './money.ts'

/**
 * Splits an amount in proportion to weights, without losing or inventing a minor unit.
 *
 * Every share gets its part rounded towards zero; the units that are left go one each to the shares
 * that lost most by it, and among equals to the earlier one (the largest-remainder method). So the
 * shares sum to the total exactly, each is within one unit of its exact part, a weight of 0n gets
 * nothing, and a negative total splits as the mirror image of the positive one.
 *
 * @param total the amount to split
 * @param weights one for each share, at least 0n and not all 0n; only their proportions matter
 * @returns the shares, in the order of the weights
 * @throws `INVALID_OPTION` for a negative weight, or weights that are empty or all 0n
 *
 * @example
 * ```ts
 * import { allocateMoney, formatMoney, moneyFromDecimal } from '@assay/core'
 *
 * const shares = allocateMoney(moneyFromDecimal('100.00', 'EUR'), [1n, 1n, 1n])
 * console.log(shares.map((share) => formatMoney(share)).join(', ')) // 33.34 EUR, 33.33 EUR, 33.33 EUR
 * ```
 */
export function allocateMoney(total: Money, weights: readonly bigint[]): Money[] {
  const weightSum = sumOfWeights(weights)
  const isNegative = total.amountMinor < 0n
  const magnitude = isNegative ? -total.amountMinor : total.amountMinor
  const shares = weights.map((weight) => ({
    units: (magnitude * weight) / weightSum,
    remainder: (magnitude * weight) % weightSum,
  }))

  let unitsLeft = shares.reduce((left, { units }) => left - units, magnitude)
  // The sort is stable, so equal remainders keep the order of their weights.
  for (const share of shares.toSorted(byRemainderDescending)) {
    if (unitsLeft === 0n) break
    share.units += 1n
    unitsLeft -= 1n
  }

  return shares.map(({ units }) => ({
    amountMinor: isNegative ? -units : units,
    currency: total.currency,
  }))
}

function sumOfWeights(weights: readonly bigint[]): bigint {
  let sum = 0n
  for (const weight of weights) {
    if (weight < 0n) throw new InvalidOptionError('allocateMoney', 'weights', 'at least 0n each')
    sum += weight
  }
  if (sum === 0n) {
    throw new InvalidOptionError('allocateMoney', 'weights', 'at least one that is above 0n')
  }
  return sum
}

function byRemainderDescending(a: { remainder: bigint }, b: { remainder: bigint }): number {
  if (a.remainder === b.remainder) return 0
  return a.remainder > b.remainder ? -1 : 1
}
