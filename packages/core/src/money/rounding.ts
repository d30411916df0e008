import { InvalidOptionError } from '../errors/invalid-option-error.ts'

/**
 * Which of its two whole neighbours stands for a value between them. A value that is whole stays.
 *
 * | rounding | goes to | 2.5 | 2.4 | −2.4 | −2.5 |
 * |---|---|---|---|---|---|
 * | `half-even` | the nearer; at the middle, the even one | 2 | 2 | −2 | −2 |
 * | `half-up` | the nearer; at the middle, away from zero | 3 | 2 | −2 | −3 |
 * | `down` | towards zero | 2 | 2 | −2 | −2 |
 * | `up` | away from zero | 3 | 3 | −3 | −3 |
 * | `floor` | towards −∞ | 2 | 2 | −3 | −3 |
 * | `ceiling` | towards +∞ | 3 | 3 | −2 | −2 |
 *
 * The names mean what they mean in Java's `RoundingMode` and Python's `decimal`. `Math.round` is none
 * of them: it takes −2.5 to −2 but 2.5 to 3.
 */
export type Rounding = 'half-even' | 'half-up' | 'down' | 'up' | 'floor' | 'ceiling'

/** A value that is not whole, cut off towards zero. */
interface CutOff {
  /** Magnitude of the whole part. */
  readonly whole: bigint
  /** What was cut off, as a fraction of `denominator`: above 0, below the denominator. */
  readonly remainder: bigint
  readonly denominator: bigint
  readonly isNegative: boolean
}

const goesAwayFromZero: Readonly<Record<Rounding, (value: CutOff) => boolean>> = {
  'half-even': ({ whole, remainder, denominator }) =>
    remainder * 2n > denominator || (remainder * 2n === denominator && whole % 2n === 1n),
  'half-up': ({ remainder, denominator }) => remainder * 2n >= denominator,
  down: () => false,
  up: () => true,
  floor: ({ isNegative }) => isNegative,
  ceiling: ({ isNegative }) => !isNegative,
}

/**
 * The whole number that stands for `numerator / denominator`.
 *
 * @param caller the public function, for the error
 * @param denominator above 0
 */
export function divideRounded(
  caller: string,
  numerator: bigint,
  denominator: bigint,
  rounding: Rounding,
): bigint {
  if (!Object.hasOwn(goesAwayFromZero, rounding)) {
    throw new InvalidOptionError(
      caller,
      'rounding',
      `one of ${Object.keys(goesAwayFromZero).join(', ')}`,
    )
  }
  const isNegative = numerator < 0n
  const magnitude = isNegative ? -numerator : numerator
  const whole = magnitude / denominator
  const remainder = magnitude % denominator
  const isAway =
    remainder !== 0n && goesAwayFromZero[rounding]({ whole, remainder, denominator, isNegative })
  const rounded = isAway ? whole + 1n : whole
  return isNegative ? -rounded : rounded
}
