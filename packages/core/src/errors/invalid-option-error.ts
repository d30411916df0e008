import { AssayError } from './assay-error.ts'

/** An option that a factory cannot work with. It is a bug in the calling code, found at the call. */
export class InvalidOptionError extends AssayError<
  'INVALID_OPTION',
  { factory: string; option: string }
> {
  override readonly name = 'InvalidOptionError'

  constructor(factory: string, option: string, requirement: string) {
    super('INVALID_OPTION', {
      message: `${factory}: \`${option}\` must be ${requirement}.`,
      retry: 'never',
      context: { factory, option },
    })
  }
}

/**
 * Requires a whole number, for a factory of your own that checks its options as ours do.
 *
 * @param factory the function that was called, as the message names it
 * @param option the option's name
 * @param value what was given for it
 * @param range.min the least number that passes
 * @param range.allowInfinity whether `Infinity` passes too, for a limit that may be lifted
 * @throws {InvalidOptionError} `INVALID_OPTION` for anything else
 *
 * @example
 * ```ts
 * import { assertWholeNumber } from '@assay/core'
 *
 * function createPool({ size = 10 }: { size?: number } = {}): { size: number } {
 *   assertWholeNumber('createPool', 'size', size, { min: 1 })
 *   return { size }
 * }
 * console.log(createPool({ size: 2 }).size) // 2
 * ```
 */
export function assertWholeNumber(
  factory: string,
  option: string,
  value: number,
  { min, allowInfinity = false }: { min: number; allowInfinity?: boolean },
): void {
  if (allowInfinity && value === Number.POSITIVE_INFINITY) return
  if (Number.isSafeInteger(value) && value >= min) return
  throw new InvalidOptionError(
    factory,
    option,
    `a whole number of at least ${min}${allowInfinity ? ', or Infinity' : ''}`,
  )
}

/**
 * Requires a duration in milliseconds, which may have a fraction and must be finite.
 *
 * @param factory the function that was called, as the message names it
 * @param option the option's name
 * @param value what was given for it, in milliseconds
 * @param range.min the least duration that passes, in milliseconds; default 0
 * @throws {InvalidOptionError} `INVALID_OPTION` for anything else
 *
 * @example
 * ```ts
 * import { assertDurationMs } from '@assay/core'
 *
 * function poll({ intervalMs = 1_000 }: { intervalMs?: number } = {}): number {
 *   assertDurationMs('poll', 'intervalMs', intervalMs, { min: 1 })
 *   return intervalMs
 * }
 * console.log(poll()) // 1000
 * ```
 */
export function assertDurationMs(
  factory: string,
  option: string,
  value: number,
  { min = 0 }: { min?: number } = {},
): void {
  if (Number.isFinite(value) && value >= min) return
  throw new InvalidOptionError(factory, option, `a finite number of milliseconds, at least ${min}`)
}
