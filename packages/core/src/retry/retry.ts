import pRetry from 'p-retry'

import { isAssayError } from '../errors/assay-error.ts'
import {
  assertDurationMs,
  assertWholeNumber,
  InvalidOptionError,
} from '../errors/invalid-option-error.ts'
import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { noMetrics } from '../metrics/no-metrics.ts'
import { type Clock, systemClock, type Timer } from '../runtime/clock.ts'
import { type Random, systemRandom } from '../runtime/random.ts'
import { RetryDeadlineError } from './retry-deadline-error.ts'
import { createAttemptsCounter, type RetryOutcome } from './retry-metrics.ts'

/** What one attempt is given. */
export interface RetryAttempt {
  /** Which attempt it is, counted from 1. */
  readonly attempt: number
  /** Aborts when the caller gives up or the deadline has come. Pass it on to whatever waits. */
  readonly signal: AbortSignal
}

/** The work of one attempt. It may be asynchronous or not. */
export type RetryWork<Result> = (attempt: RetryAttempt) => Result | PromiseLike<Result>

/**
 * Why no further attempt follows a failed one.
 *
 * - `not-retryable`: `isRetryable` did not say `true`.
 * - `attempts-exhausted`: it was the last of `attemptsMax`.
 * - `retry-after-too-long`: the dependency asked for more than `retryAfterMaxMs`.
 * - `deadline`: the wait would not end before the deadline.
 */
export type RetryStopReason =
  | 'not-retryable'
  | 'attempts-exhausted'
  | 'retry-after-too-long'
  | 'deadline'

/** What follows a failed attempt. */
export type RetryDecision =
  | { readonly kind: 'retry'; readonly waitMs: number }
  | { readonly kind: 'stop'; readonly reason: RetryStopReason }

/** An attempt that failed by itself, not by its caller's abort or by the deadline. */
export interface FailedAttempt {
  readonly operation: string
  /** Which attempt it was, counted from 1. */
  readonly attempt: number
  /** What it threw, unchanged. */
  readonly error: unknown
  readonly next: RetryDecision
}

/** Options of {@link retry}. */
export interface RetryOptions {
  /** What is attempted, as a metric label: one of a few fixed names. Default `unnamed`. */
  readonly operation?: string | undefined
  /** How often `work` is called at most, the first time included. Default 5. */
  readonly attemptsMax?: number | undefined
  /** Upper bound of the first wait; it doubles with each attempt. Default 200 ms. */
  readonly delayMs?: number | undefined
  /** What the doubling stops at. Default 10,000 ms. */
  readonly delayMaxMs?: number | undefined
  /**
   * The longest wait that the dependency may ask for (`retryAfterMs` of an error). One that asks for
   * more is not called again. Default 300,000 ms.
   */
  readonly retryAfterMaxMs?: number | undefined
  /** Time for all attempts and waits together; `Infinity` for none. Default 60,000 ms. */
  readonly deadlineMs?: number | undefined
  /**
   * Whether an attempt that threw `error` may be repeated. Default {@link isSafeToRetry}. If it
   * throws, the answer is no.
   */
  readonly isRetryable?: ((error: unknown) => boolean) | undefined
  /** Hears of each failed attempt before the wait begins. What it throws is ignored. */
  readonly onFailedAttempt?: ((failed: FailedAttempt) => void) | undefined
  /** Ends the attempt or the wait at once; `retry` rejects with its reason. */
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /** Counts every attempt in {@link RETRY_ATTEMPTS_TOTAL}. */
  readonly metrics?: Metrics | undefined
}

/**
 * Calls `work` until it succeeds, as long as repeating it is safe, attempts are left and there is
 * time. Use it around reads, and around sending again the very same signed bytes; never around
 * anything that would move money twice.
 *
 * Only an `AssayError` whose `retry` is `safe` is retried. Any other error, a `TypeError` of `fetch`
 * as much as a bug, ends the run at the first attempt, because nothing is known about what it left
 * behind. Where repeating is harmless, say so:
 * `isRetryable: (error) => isSafeToRetry(error) || error instanceof TypeError` around a `fetch` that only
 * reads, as `fetch` rejects with a `TypeError` when the network fails.
 *
 * The wait before attempt `n + 1` is `random() * min(delayMaxMs, delayMs * 2 ** (n - 1))`, the "full
 * jitter" of https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/. When the
 * error carries `retryAfterMs` (as `CircuitOpenError` does, and as {@link parseRetryAfter} reads it
 * from a response), that wait is added to it: never less than what was asked, and clients that were
 * told the same do not come back in the same instant.
 *
 * @param work the operation; called with the number of the attempt and a signal to pass on
 * @param options limits, and who is asked and told; durations in milliseconds
 * @returns what the first successful attempt returned
 * @throws what the last attempt threw, unchanged, when no further attempt follows; also when a host
 *   overslept and its time was over when the wait ended
 * @throws {RetryDeadlineError} `RETRY_DEADLINE_EXCEEDED` when the deadline came during an attempt;
 *   what the attempt before it threw is the cause
 * @throws {InvalidOptionError} `INVALID_OPTION`, before the first attempt
 * @throws {MetricConflictError} `METRIC_CONFLICT`, before the first attempt, when the counter's name
 *   stands for something else in `metrics`
 * @throws the reason of `signal`, as soon as it aborts
 *
 * @example
 * ```ts
 * import { AssayError, retry } from '@assay/core'
 *
 * const height = await retry(
 *   async ({ attempt }) => {
 *     if (attempt < 3) {
 *       throw new AssayError('NODE_BUSY', { message: 'The node is busy.', retry: 'safe' })
 *     }
 *     return 1_024
 *   },
 *   { operation: 'read-height', delayMs: 5 },
 * )
 * console.log(height) // 1024
 * ```
 */
export async function retry<Result>(
  work: RetryWork<Result>,
  options: RetryOptions = {},
): Promise<Result> {
  const settings = readSettings(options)
  settings.signal?.throwIfAborted()
  const run = startRun(work, settings)
  try {
    return await pRetry((attempt) => run.attempt(attempt), {
      retries: settings.attemptsMax - 1,
      // Its waits would use real timers and `Math.random`: `waitOrStop` waits by our clock instead.
      minTimeout: 0,
      onFailedAttempt: () => run.waitOrStop(),
      signal: run.signal,
    })
  } finally {
    run.end()
  }
}

/**
 * Whether `error` itself says that repeating the operation cannot do harm: an `AssayError` whose
 * `retry` is `safe`. The default of {@link RetryOptions.isRetryable}, to build others on.
 *
 * @param error anything that was caught
 * @returns `false` for every error that is not an `AssayError`
 *
 * @example
 * ```ts
 * import { AssayError, isSafeToRetry } from '@assay/core'
 *
 * const busy = new AssayError('NODE_BUSY', { message: 'The node is busy.', retry: 'safe' })
 * console.log(isSafeToRetry(busy), isSafeToRetry(new Error('No one knows.'))) // true false
 * ```
 */
export function isSafeToRetry(error: unknown): boolean {
  return isAssayError(error) && error.retry === 'safe'
}

type Settings = ReturnType<typeof readSettings>

function readSettings(options: RetryOptions) {
  const settings = {
    operation: options.operation ?? 'unnamed',
    attemptsMax: options.attemptsMax ?? 5,
    delayMs: options.delayMs ?? 200,
    delayMaxMs: options.delayMaxMs ?? 10_000,
    retryAfterMaxMs: options.retryAfterMaxMs ?? 300_000,
    deadlineMs: options.deadlineMs ?? 60_000,
    isRetryable: options.isRetryable ?? isSafeToRetry,
    onFailedAttempt: options.onFailedAttempt,
    signal: options.signal,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    attempts: createAttemptsCounter(options.metrics ?? noMetrics),
  }
  assertWholeNumber('retry', 'attemptsMax', settings.attemptsMax, { min: 1 })
  assertDurationMs('retry', 'delayMs', settings.delayMs)
  assertDurationMs('retry', 'delayMaxMs', settings.delayMaxMs)
  assertDurationMs('retry', 'retryAfterMaxMs', settings.retryAfterMaxMs)
  if (!(settings.deadlineMs >= 0)) {
    throw new InvalidOptionError(
      'retry',
      'deadlineMs',
      'a number of milliseconds, at least 0, or Infinity',
    )
  }
  return settings
}

interface Run<Result> {
  /** Aborts with the caller's reason, or with the error of the deadline. */
  readonly signal: AbortSignal
  attempt(attempt: number): Promise<Result>
  /** Waits after a failed attempt, or throws what it threw when no other follows. */
  waitOrStop(): Promise<void>
  end(): void
}

function startRun<Result>(work: RetryWork<Result>, settings: Settings): Run<Result> {
  const { clock, deadlineMs, operation } = settings
  const startedAt = clock.monotonic()
  const controller = new AbortController()
  const { signal } = controller
  let failed: FailedAttempt | undefined

  const ended = rejectionOf(signal)
  const remainingMs = (): number => deadlineMs - (clock.monotonic() - startedAt)
  const onAbort = (): void => controller.abort(settings.signal?.reason)
  settings.signal?.addEventListener('abort', onAbort, { once: true })

  /** Only while an attempt runs: what the one before it threw says more than that time is over. */
  function watchDeadline(attempt: number): Timer | undefined {
    if (deadlineMs === Infinity) return undefined
    const onDeadline = (): void =>
      controller.abort(new RetryDeadlineError(operation, attempt, deadlineMs, failed?.error))
    return clock.setTimer(onDeadline, Math.max(0, remainingMs()))
  }

  return {
    signal,
    async attempt(attempt) {
      const deadline = watchDeadline(attempt)
      try {
        const result = await Promise.race([ended, work({ attempt, signal })])
        count(settings, 'success')
        return result
      } catch (error) {
        if (signal.aborted) {
          count(settings, settings.signal?.aborted === true ? 'aborted' : 'timeout')
        } else {
          failed = {
            operation,
            attempt,
            error,
            next: decide(error, attempt, remainingMs(), settings),
          }
          report(failed, settings)
        }
        // p-retry judges what is thrown by its class, and replaces what is no error: it gets a stand-in.
        throw new Error('An attempt failed.', { cause: error })
      } finally {
        deadline?.cancel()
      }
    },
    async waitOrStop() {
      if (failed?.next.kind !== 'retry') throw failed?.error
      await clock.sleep(failed.next.waitMs, { signal })
      // A host that slept or was busy wakes late: no attempt begins when its time is over.
      if (remainingMs() <= 0) throw failed.error
    },
    end() {
      settings.signal?.removeEventListener('abort', onAbort)
    },
  }
}

/** Rejects when `signal` aborts. Nobody has to wait for it. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  const rejection = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  rejection.catch(() => {})
  return rejection
}

function decide(
  error: unknown,
  attempt: number,
  remainingMs: number,
  settings: Settings,
): RetryDecision {
  if (!isRetryable(error, settings)) return { kind: 'stop', reason: 'not-retryable' }
  if (attempt >= settings.attemptsMax) return { kind: 'stop', reason: 'attempts-exhausted' }

  const askedMs = readRetryAfterMs(error)
  if (askedMs > settings.retryAfterMaxMs) return { kind: 'stop', reason: 'retry-after-too-long' }

  const waitMs = askedMs + jitterMs(attempt, settings)
  if (waitMs >= remainingMs) return { kind: 'stop', reason: 'deadline' }
  return { kind: 'retry', waitMs }
}

function isRetryable(error: unknown, settings: Settings): boolean {
  try {
    // A caller without types may have given an asynchronous function, whose promise is no yes.
    const answer: unknown = settings.isRetryable(error)
    return answer === true
  } catch {
    return false
  }
}

function readRetryAfterMs(error: unknown): number {
  try {
    const carrier = error as { retryAfterMs?: unknown; context?: { retryAfterMs?: unknown } }
    const askedMs = carrier.retryAfterMs ?? carrier.context?.retryAfterMs
    return typeof askedMs === 'number' && askedMs > 0 ? askedMs : 0
  } catch {
    // `null` was thrown, or something whose properties cannot be read.
    return 0
  }
}

function jitterMs(attempt: number, { delayMs, delayMaxMs, random }: Settings): number {
  // Beyond 2 ** 1023 lies Infinity, and 0 * Infinity is not a number.
  const doublings = Math.min(attempt - 1, 1_000)
  return random() * Math.min(delayMaxMs, delayMs * 2 ** doublings)
}

function report(failed: FailedAttempt, settings: Settings): void {
  count(settings, failed.next.kind === 'retry' ? 'retry' : failed.next.reason)
  tellQuietly(() => settings.onFailedAttempt?.(failed))
}

function count({ attempts, operation }: Settings, outcome: RetryOutcome): void {
  tellQuietly(() => attempts.labels({ operation, outcome }).inc())
}
