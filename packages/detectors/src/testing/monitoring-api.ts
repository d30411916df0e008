import assert from 'node:assert/strict'

import { type Logger, silentLogger } from '@assay/core'
import { createTestClock, type TestClock } from '@assay/core/testing'

import type { MonitorStatus } from '../monitor/monitor.ts'
import type { MonitoringHandlerOptions } from '../monitoring-api/api-settings.ts'
import { createMonitoringHandler } from '../monitoring-api/create-monitoring-handler.ts'
import type { MonitoringEvent } from '../monitoring-events/monitoring-event.ts'
import type { SystemHealthSnapshot } from '../monitoring-events/system-health-snapshot.ts'

type Repository = MonitoringHandlerOptions['repository']
type Monitor = MonitoringHandlerOptions['monitor']

/** When requests are made: 2026-05-02T12:00:00Z, in epoch milliseconds. */
export const NOW = 1_777_723_200_000
/** What no client may ever see. */
export const SECRET = 'postgres://admin:hunter2@10.0.0.7/ledger'

/** A finding as people work on it. */
export const event: MonitoringEvent = {
  eventId: '41',
  fingerprint: 'f-41',
  type: 'balance.negative',
  severity: 'high',
  cardId: 'card-7',
  transactionIds: ['tx-1'],
  amountMinor: -9_007_199_254_740_993n,
  currency: 'EUR',
  algorithm: 'balance.negative@1',
  confidence: 1,
  eventData: { balanceMinor: '-50', count: 2 },
  status: 'open',
  eventTime: NOW - 1_000,
  detectedAt: NOW - 500,
  updatedAt: NOW,
  acknowledgedBy: null,
  acknowledgedAt: null,
  acknowledgementNotes: null,
  resolvedBy: null,
  resolvedAt: null,
  resolutionNotes: null,
}

/** The health of an hour, taken a minute ago. */
export const snapshot: SystemHealthSnapshot = {
  takenAt: NOW - 60_000,
  status: 'healthy',
  totalTransactionsLastHour: 100,
  successfulTransactionsLastHour: 99,
  failedTransactionsLastHour: 1,
  successRateBps: 9_900,
  processingP50Ms: 20,
  processingP95Ms: 80,
  processingP99Ms: null,
  totalBalanceMinor: { EUR: 123_456_789_012_345_678n },
  negativeBalances: 0,
  openEvents: 1,
  criticalEventsLastHour: 0,
}

/** A monitor of one source that can be read. */
export const monitorStatus: MonitorStatus = {
  owner: 'monitor-a',
  sources: [{ id: 'payments', circuit: 'closed' }],
  partitions: [
    { pass: 'fast', partition: 0, owner: 'monitor-a', watermark: NOW, beganAt: 0, readAt: null },
    { pass: 'fast', partition: 1, owner: null, watermark: -Infinity, beganAt: 0, readAt: NOW },
  ],
}

/** Whatever a test does not expect to be called says so. */
export function unexpected(): never {
  throw new Error('This must not be called.')
}

const strictRepository: Repository = {
  listEvents: unexpected,
  getEvent: unexpected,
  updateEvent: unexpected,
  readCounts: unexpected,
  readDashboard: unexpected,
  listHealth: unexpected,
}
const strictMonitor: Monitor = { cycle: unexpected, status: unexpected }

/** What the API of a test stands on; what is left out must not be called. */
interface UnderTest extends Partial<Omit<MonitoringHandlerOptions, 'repository' | 'monitor'>> {
  readonly repository?: Partial<Repository>
  readonly monitor?: Partial<Monitor>
}

/** The API as a test asks it. */
interface ApiUnderTest {
  readonly clock: TestClock
  /** All that went to the logger that is not handed in. */
  readonly logged: readonly LoggedMessage[]
  readonly handler: (request: Request) => Promise<Response>
  readonly ask: (method: string, path: string, init?: RequestInit) => Promise<ReadAnswer>
}

interface LoggedMessage {
  readonly level: string
  readonly facts: object
  readonly message: string
}

/** An answer that has come in as a whole. */
interface ReadAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks into whatever came
  readonly json: any
  /** The code of a refusal, whose shape is checked on the way. */
  readonly code: unknown
}

/** Makes an API in which `ada` may do everything. */
export function createApi({ repository, monitor, ...options }: UnderTest = {}): ApiUnderTest {
  const clock = createTestClock({ now: NOW })
  const logged: LoggedMessage[] = []
  const log =
    (level: string): Logger['info'] =>
    (facts, message) =>
      void logged.push({ level, facts, message })
  const handler = createMonitoringHandler({
    repository: { ...strictRepository, ...repository },
    monitor: { ...strictMonitor, ...monitor },
    authorize: () => 'ada',
    clock,
    logger: { ...silentLogger, info: log('info'), warn: log('warn'), error: log('error') },
    ...options,
  })
  return {
    clock,
    logged,
    handler,
    ask: async (method, path, init = {}) =>
      readAnswer(await handler(new Request(`https://api.example${path}`, { method, ...init }))),
  }
}

async function readAnswer(response: Response): Promise<ReadAnswer> {
  const { status, headers } = response
  const text = await response.text()
  return {
    status,
    headers,
    text,
    get json() {
      return JSON.parse(text) as unknown
    },
    get code() {
      const { error, ...rest } = JSON.parse(text) as { readonly error: { readonly code: unknown } }
      assert.deepEqual(rest, {})
      assert.deepEqual(Object.keys(error).toSorted(), ['code', 'message'])
      return error.code
    },
  }
}

/** A request with a body of JSON; a text is sent as it is. */
export function jsonBody(value: unknown): RequestInit {
  const body = typeof value === 'string' ? value : JSON.stringify(value)
  return { body, headers: { 'content-type': 'application/json' } }
}
