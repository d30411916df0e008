import type { Random } from '@assay/core'

/** A whole number from `min` to `max`, each as likely as the other. */
export function integer(random: Random, min: number, max: number): number {
  return min + Math.floor(random() * (max - min + 1))
}

/** An amount from `min` to `max` minor units. */
export function amount(random: Random, minMinor: number, maxMinor: number): bigint {
  return BigInt(integer(random, minMinor, maxMinor))
}

/** One of several, each as likely as the other. */
export function oneOf<Choice>(random: Random, choices: readonly Choice[]): Choice {
  return choices[Math.floor(random() * choices.length)]!
}

/** How long until something happens that happens by itself every `mean`, in the unit of `mean`. */
export function waiting(random: Random, mean: number): number {
  return Math.floor(-Math.log(1 - random()) * mean)
}
