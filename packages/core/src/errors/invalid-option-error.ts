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

/** Requires a whole number of at least `min`; `Infinity` passes where it is allowed. */
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

/** Requires a duration in milliseconds: finite, and at least `min`. */
export function assertDurationMs(
  factory: string,
  option: string,
  value: number,
  { min = 0 }: { min?: number } = {},
): void {
  if (Number.isFinite(value) && value >= min) return
  throw new InvalidOptionError(factory, option, `a finite number of milliseconds, at least ${min}`)
}
