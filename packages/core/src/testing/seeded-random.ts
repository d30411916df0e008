import type { Random } from '../runtime/random.ts'

/**
 * Repeatable chance: the same seed gives the same numbers, on every machine.
 *
 * The generator is mulberry32 (Tommy Ettinger, public domain): 32 bits of state, which is plenty for
 * simulations and nothing for secrets.
 *
 * @param seed any integer; only its low 32 bits count
 *
 * @example
 * ```ts
 * import { createSeededRandom } from '@assay/core/testing'
 *
 * console.log(createSeededRandom(42)() === createSeededRandom(42)()) // true
 * ```
 */
export function createSeededRandom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
