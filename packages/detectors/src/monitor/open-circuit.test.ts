import { createCircuitBreaker, isAssayError, silentLogger } from '@assay/core'
import { faulty } from '@assay/core/testing'
import { expect, test } from 'vitest'

import { createMonitoredLedger } from '../testing/monitored-ledger.ts'

const MINUTE_MS = 60_000

/** A ledger that cannot be read while it is `down`, and what its monitor logs. */
function createFailingLedger() {
  const state = { isDown: false }
  const told: { level: string; message: string; job?: string; err?: unknown }[] = []
  const tell =
    (level: string) =>
    (fields: object, message: string): void =>
      void told.push({ level, message, ...fields })
  const logger = { ...silentLogger, warn: tell('warn'), error: tell('error') }
  const ledger = createMonitoredLedger(({ source }) => ({
    sources: [faulty(source, () => (state.isDown ? { kind: 'fail' } : undefined))],
    logger,
  }))
  return { ...ledger, state, told }
}

test('an open circuit is logged once by each pass, and not at each of its runs', async () => {
  const { clock, state, told, run } = createFailingLedger()
  const stop = run()
  await clock.advance(20_000)
  state.isDown = true
  await clock.advance(2 * MINUTE_MS)
  const refused = told.filter(({ err }) => isAssayError(err, 'CIRCUIT_OPEN'))
  // The first pass probes the circuit after a minute, and opens it again.
  expect(refused.map(({ job }) => job)).toEqual([
    'ledger/system-every-15000',
    'ledger/account-every-15000',
    'ledger/account-every-15000',
  ])
  await stop()
})

test('what failed is told, and not that the circuit which it opened turned others away', async () => {
  const errors: unknown[] = []
  const error = ({ err }: { err?: unknown }): void => void errors.push(err)
  const down = new Error('down')
  const { clock, run } = createMonitoredLedger((parts) => ({
    logger: { ...silentLogger, error },
    breaker: ({ id }) =>
      createCircuitBreaker({ name: id, failureThreshold: 1, clock: parts.clock }),
    sources: [
      {
        ...parts.source,
        // The other partitions have read a page when one fails, and want the next one.
        async read({ partition, partitions, after }) {
          const isLast = partitions === 1
          await parts.clock.sleep(partition === 3 ? 5 : 10)
          if (partition === 3) throw down
          return { rows: [], cursor: after, isLast, completeUpTo: 0 }
        },
      },
    ],
  }))
  const stop = run()
  await clock.advance(1_000)
  expect(errors).toEqual([down])
  await stop()
})

test.each([0, 7, 23, 41, 59])(
  'a source stops failing at most two and a half minutes after it can be read again, second %i',
  async (second) => {
    const { clock, state, found, run } = createFailingLedger()
    const stop = run()
    await clock.advance(2 * MINUTE_MS)
    state.isDown = true
    await clock.advance(3 * MINUTE_MS + second * 1_000)
    expect(found()).toContain('source.failing ledger open')
    state.isDown = false
    let waitedMs = 0
    while (found().includes('source.failing ledger open')) {
      await clock.advance(1_000)
      waitedMs += 1_000
      expect(waitedMs).toBeLessThan(10 * MINUTE_MS)
    }
    expect(waitedMs).toBeLessThanOrEqual(2.5 * MINUTE_MS)
    await stop()
  },
)
