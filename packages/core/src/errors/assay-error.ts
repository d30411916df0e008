/**
 * What a caller may do with the operation that failed.
 *
 * - `safe`: repeating it cannot do harm.
 * - `reconcile-first`: it may have taken effect; look before repeating it.
 * - `never`: repeating it cannot succeed, or could do harm.
 */
export type RetryAdvice = 'safe' | 'reconcile-first' | 'never'

/**
 * The facts of an error that are safe to log. They never hold a URL, a key, a token, a query or a
 * payload: whatever is put here ends in logs and alerts.
 */
export type ErrorContext = Readonly<
  Record<string, string | number | bigint | boolean | null | undefined>
>

/** What an {@link AssayError} is made of, beside its code. */
export interface AssayErrorOptions<Context extends ErrorContext = ErrorContext> {
  /** One sentence for a person, without secrets. */
  readonly message: string
  /** Whether the operation may be repeated. */
  readonly retry: RetryAdvice
  /** After how many milliseconds the other side wants to be asked again. `retry` waits for it. */
  readonly retryAfterMs?: number | undefined
  /** Facts beside the sentence. Copied and frozen. */
  readonly context?: Context | undefined
  /** What was thrown below. Kept as it is, and never printed into the message. */
  readonly cause?: unknown
}

/** Marks our errors across duplicate copies of this package, where `instanceof` fails. */
const MARK: unique symbol = Symbol.for('@assay/error')

const DOCS_URL = 'https://github.com/assay-dev/assay/blob/main/docs/errors.md'

/**
 * An operational failure: something outside the program went wrong, and a caller may want to react.
 * Recognise one with {@link isAssayError}.
 *
 * @example
 * ```ts
 * import { AssayError, isAssayError } from '@assay/core'
 *
 * const error = new AssayError('MONEY_CURRENCY_MISMATCH', {
 *   message: 'Amounts in EUR and USD cannot be added.',
 *   retry: 'never',
 *   context: { left: 'EUR', right: 'USD' },
 * })
 * console.log(isAssayError(error, 'MONEY_CURRENCY_MISMATCH')) // true
 * ```
 */
export class AssayError<
  Code extends string = string,
  Context extends ErrorContext = ErrorContext,
> extends Error {
  override readonly name: string = 'AssayError'
  /** Stable: a code is never renamed, and never reused with another meaning. */
  readonly code: Code
  readonly context: Readonly<Context>
  readonly retry: RetryAdvice
  /** After how many milliseconds to ask again, where the other side has said so. */
  readonly retryAfterMs: number | undefined

  constructor(code: Code, options: AssayErrorOptions<Context>) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.context = Object.freeze({ ...options.context }) as Readonly<Context>
    this.retry = options.retry
    this.retryAfterMs = options.retryAfterMs
  }

  /** Where the code is explained: what happened, and what to do. */
  get docsUrl(): string {
    return `${DOCS_URL}#${this.code.toLowerCase()}`
  }

  get [MARK](): true {
    return true
  }
}

/**
 * Whether `error` is an {@link AssayError}, with the given code where one is given. It holds across
 * duplicate copies of this package in one process.
 *
 * @param error anything that was caught
 * @param code the code that it must have
 */
export function isAssayError<Code extends string = string>(
  error: unknown,
  code?: Code,
): error is AssayError<Code> {
  if (typeof error !== 'object' || error === null || !(MARK in error)) return false
  return code === undefined || ('code' in error && error.code === code)
}
