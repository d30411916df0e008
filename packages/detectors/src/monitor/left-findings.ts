import type { Logger } from '@assay/core'

import type { UntoldFinding } from './monitor-store.ts'

/** The findings that nobody took in, so that a round which looks again knows them from news. */
export interface LeftFindings {
  has(one: UntoldFinding): boolean
  /** Notes one that was refused. */
  refused(one: UntoldFinding): void
  /** Notes one whose hand-over failed. */
  failed(one: UntoldFinding, error: unknown): void
  /** Whether it can note no more, so that looking again would hand on the same. */
  readonly isFull: boolean
  /** Says that some could not be handed on, if that is so. */
  log(logger: Logger): void
}

/** The most that are noted. */
const LEFT_MAX = 10_000

/** Makes the note of a round, in which nothing stands yet. */
export function createLeftFindings(): LeftFindings {
  const left = new Set<string>()
  let failures = 0
  let firstError: unknown

  function add(one: UntoldFinding): void {
    if (left.size < LEFT_MAX) left.add(nameOf(one))
  }

  return {
    has: (one) => left.has(nameOf(one)),
    refused: add,
    failed(one, error) {
      add(one)
      failures += 1
      if (failures === 1) firstError = error
    },
    get isFull() {
      return left.size >= LEFT_MAX
    },
    log(logger) {
      if (failures === 0) return
      const message = 'Findings could not be handed on, and will be again.'
      logger.warn({ err: firstError, failures }, message)
    },
  }
}

function nameOf({ finding, revision }: UntoldFinding): string {
  return `${revision} ${finding.fingerprint}`
}
