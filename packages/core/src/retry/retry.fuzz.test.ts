import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { AssayError } from '../errors/assay-error.ts'
import { createSeededRandom } from '../testing/seeded-random.ts'
import { createTestClock } from '../testing/test-clock.ts'
import { type FailedAttempt, retry } from './retry.ts'

/** How one attempt goes: how long it takes, and how it ends. */
const attemptPlan = fc.record({
  tookMs: fc.nat(400),
  ends: fc.constantFrom('success', 'busy', 'busy', 'busy', 'bug', 'hang'),
  retryAfterMs: fc.option(fc.nat(2_000), { nil: undefined }),
  heedsSignal: fc.boolean(),
})

const plans = fc.record({
  attempts: fc.array(attemptPlan, { minLength: 1, maxLength: 8 }),
  attemptsMax: fc.integer({ min: 1, max: 10 }),
  delayMs: fc.nat(300),
  delayMaxMs: fc.nat(1_000),
  retryAfterMaxMs: fc.nat(2_000),
  deadlineMs: fc.nat(5_000),
  seed: fc.integer(),
  abortAtMs: fc.option(fc.nat(6_000), { nil: undefined }),
})

type Plan = typeof plans extends fc.Arbitrary<infer Value> ? Value : never

async function simulate(plan: Plan) {
  const clock = createTestClock()
  const controller = new AbortController()
  const failures: FailedAttempt[] = []
  const trace: string[] = []
  let begun = 0
  let endedAt: number | undefined

  const { attempts, abortAtMs, seed, ...options } = plan
  const outcome = retry(
    async ({ attempt, signal }) => {
      begun += 1
      trace.push(`attempt ${attempt} at ${clock.monotonic()}`)
      expect(signal.aborted).toBe(false)
      const { tookMs, ends, retryAfterMs, heedsSignal } = attempts[(attempt - 1) % attempts.length]!
      if (ends === 'hang') await new Promise(() => {})
      await clock.sleep(tookMs, heedsSignal ? { signal } : {})
      if (ends === 'bug') throw new Error('a bug')
      const context = { retryAfterMs }
      if (ends === 'busy') {
        throw new AssayError('NODE_BUSY', { message: 'Busy.', retry: 'safe', context })
      }
    },
    {
      ...options,
      clock,
      random: createSeededRandom(seed),
      signal: controller.signal,
      onFailedAttempt: (failed) => failures.push(failed),
    },
  )
    .then(
      () => 'success',
      (error: unknown) => String(error),
    )
    .finally(() => {
      endedAt = clock.monotonic()
    })

  if (abortAtMs !== undefined) {
    await clock.advance(abortAtMs)
    controller.abort('stop')
  }
  // Twice the deadline: attempts that ignored their signal end too.
  await clock.advance(2 * options.deadlineMs + 1_000)
  trace.push(await outcome)
  return { begun, clock, endedAt: endedAt ?? Number.NaN, failures, trace }
}

it('stays within its bounds, and leaves nothing behind', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const { begun, clock, endedAt, failures } = await simulate(plan)

      expect(clock.pending).toBe(0)
      expect(begun).toBeLessThanOrEqual(plan.attemptsMax)
      expect(endedAt).toBeLessThanOrEqual(Math.min(plan.deadlineMs, plan.abortAtMs ?? Infinity))

      const waits = failures.flatMap(({ attempt, next }) => {
        if (next.kind === 'stop') return []
        const { retryAfterMs = 0 } = plan.attempts[(attempt - 1) % plan.attempts.length]!
        const jitterMaxMs = Math.min(plan.delayMaxMs, plan.delayMs * 2 ** (attempt - 1))
        return [{ waitMs: next.waitMs, askedMs: retryAfterMs, jitterMaxMs }]
      })
      for (const { waitMs, askedMs, jitterMaxMs } of waits) {
        expect(waitMs).toBeGreaterThanOrEqual(askedMs)
        expect(waitMs).toBeLessThanOrEqual(askedMs + jitterMaxMs)
        expect(askedMs).toBeLessThanOrEqual(plan.retryAfterMaxMs)
      }
      const waitedMs = waits.reduce((sum, { waitMs }) => sum + waitMs, 0)
      expect(waitedMs).toBeLessThanOrEqual(plan.deadlineMs)
    }),
    { numRuns: 500 },
  )
})

it('repeats exactly with the same seed', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const [first, second] = [await simulate(plan), await simulate(plan)]
      expect(second.trace).toEqual(first.trace)
      expect(second.failures).toEqual(first.failures)
    }),
    { numRuns: 100 },
  )
})
