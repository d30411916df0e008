import { expect, test } from 'vitest'

import { circuitBreakerContract } from '../testing/circuit-breaker-contract.ts'
import { createTestClock } from '../testing/test-clock.ts'
import { createCircuitBreaker } from './create-circuit-breaker.ts'

test.each(circuitBreakerContract)('contract: $name', async ({ run }) => {
  const clock = createTestClock({ now: 1_700_000_000_000 })
  const passing = run({
    createBreaker: (options) => createCircuitBreaker({ ...options, clock }),
    advance: (ms) => clock.advance(ms),
  })
  await expect(passing).resolves.toBeUndefined()
})
