import { describe, test } from 'vitest'

import { findPromtool, type Promtool } from './find-promtool.ts'

// Whether tests are skipped is settled while they are collected, so it is looked for first.
const promtool = await findPromtool().catch((error: unknown) => skipReason(error))

/**
 * Runs tests with promtool. Where there is none they are skipped, and the title says why; with
 * `ASSAY_REQUIRE_SERVERS=1` that is a failure.
 *
 * @param title what the tests are about
 * @param body defines the tests
 */
export function describePromtool(title: string, body: (promtool: Promtool) => void): void {
  if (typeof promtool === 'string') {
    // oxlint-disable-next-line vitest/no-disabled-tests -- there is nothing to run it with
    describe.skip(`${title}, skipped: ${promtool}`, () => test('needs promtool'))
    return
  }
  describe(`${title} (promtool ${promtool.major}.${promtool.minor})`, () => body(promtool))
}

function skipReason(error: unknown): string {
  if (process.env['ASSAY_REQUIRE_SERVERS'] === '1') throw error
  return error instanceof Error ? error.message : String(error)
}
