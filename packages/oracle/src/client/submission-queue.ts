import { type Clock, isAssayError } from '@assay/core'

import type { NewOracleCall, OracleCallStore, SubmittedCall } from '../calls/oracle-call-store.ts'

/** Hands calls to the store, many callers' at once. */
export interface SubmissionQueue {
  /** All or none of one caller's. @throws what the store refused them with */
  submit(calls: readonly NewOracleCall[]): Promise<readonly SubmittedCall[]>
}

/** So many calls go to the store at once; a caller that brings more goes alone. */
const CALLS_AT_ONCE = 500

interface Submission {
  readonly calls: readonly NewOracleCall[]
  readonly resolve: (submitted: readonly SubmittedCall[]) => void
  readonly reject: (error: unknown) => void
}

/**
 * Makes a queue: while one submission is being stored those that come meanwhile wait, and then go
 * together, because a database commits many as fast as one.
 */
export function createSubmissionQueue(store: OracleCallStore, clock: Clock): SubmissionQueue {
  const waiting: Submission[] = []
  let isStoring = false

  /** The callers whose calls go next. */
  function takeNext(): readonly Submission[] {
    let count = 0
    const fitting = waiting.findIndex(({ calls }) => (count += calls.length) > CALLS_AT_ONCE)
    return waiting.splice(0, fitting === -1 ? waiting.length : Math.max(1, fitting))
  }

  async function storeTogether(submissions: readonly Submission[]): Promise<void> {
    try {
      const submitted = await store.submit(
        submissions.flatMap(({ calls }) => calls),
        clock.now(),
      )
      let from = 0
      for (const { calls, resolve } of submissions) {
        resolve(submitted.slice(from, from + calls.length))
        from += calls.length
      }
    } catch (error) {
      // What one caller asks wrongly must not be another's refusal.
      if (submissions.length > 1 && isAssayError(error)) await storeEach(submissions)
      else for (const { reject } of submissions) reject(error)
    }
  }

  async function storeEach(submissions: readonly Submission[]): Promise<void> {
    for (const submission of submissions) await storeTogether([submission])
  }

  async function work(): Promise<void> {
    isStoring = true
    while (waiting.length > 0) await storeTogether(takeNext())
    isStoring = false
  }

  return {
    submit: (calls) =>
      new Promise((resolve, reject) => {
        waiting.push({ calls, resolve, reject })
        if (!isStoring) void work()
      }),
  }
}
