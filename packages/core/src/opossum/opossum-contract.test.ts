import { AssertionError } from 'node:assert'
import { readFileSync } from 'node:fs'

// @ts-expect-error -- opossum has no types of its own.
import opossum from 'opossum'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import {
  CIRCUIT_BREAKER_CAPABILITIES,
  type CircuitBreakerCapability,
  circuitBreakerContract,
  type CircuitBreakerHarness,
} from '../testing/circuit-breaker-contract.ts'
import { createOpossumCircuitBreaker } from './create-opossum-circuit-breaker.ts'
import type { OpossumBreaker } from './opossum-breaker.ts'
import { runWork } from './run-work.ts'

const Opossum = opossum as new (action: unknown, options: object) => OpossumBreaker

/** Opossum has none of the capabilities beyond what every breaker must do. */
const opossumCapabilities: ReadonlySet<CircuitBreakerCapability> = new Set()

const harness: CircuitBreakerHarness = {
  createBreaker({ name, failureThreshold = 5, resetTimeoutMs, callTimeoutMs, ...options }) {
    const breaker = new Opossum(runWork, {
      name,
      // As near as opossum comes to a number of failures: so many calls, of which any failed.
      volumeThreshold: failureThreshold,
      errorThresholdPercentage: 1,
      resetTimeout: resetTimeoutMs,
      timeout: callTimeoutMs ?? false,
    })
    return createOpossumCircuitBreaker({ ...options, breaker })
  },
  advance: async (ms) => void (await vi.advanceTimersByTimeAsync(ms)),
}

const can = ({ requires }: { requires?: CircuitBreakerCapability | undefined }): boolean =>
  requires === undefined || opossumCapabilities.has(requires)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('opossum passes the contract', () => {
  test.each(circuitBreakerContract.filter((each) => can(each)))('$name', async ({ run }) => {
    await expect(run(harness)).resolves.toBeUndefined()
  })
})

describe('opossum cannot, so the contract fails there', () => {
  const beyond = circuitBreakerContract.filter((each) => !can(each))

  test.each(beyond)('$requires: $name', async ({ run }) => {
    await expect(run(harness)).rejects.toBeInstanceOf(AssertionError)
  })
})

test('the guide says the same of each capability', () => {
  const guide = readFileSync(
    new URL('../../../../docs/circuit-breaker.md', import.meta.url),
    'utf8',
  )
  const rows = [...guide.matchAll(/^\| `([a-z-]+)` +\|.*\| (yes|no) +\| (yes|no)\b.*\|$/gm)]
  expect(rows.map(([, capability, native, opossum]) => ({ capability, native, opossum }))).toEqual(
    CIRCUIT_BREAKER_CAPABILITIES.map((capability) => ({
      capability,
      native: 'yes',
      opossum: opossumCapabilities.has(capability) ? 'yes' : 'no',
    })),
  )
})
