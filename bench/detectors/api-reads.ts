import type { SqlClient } from '@assay/core'
import { createMemoryEventSource, createMonitor } from '@assay/detectors'
import { createMonitoringHandler } from '@assay/detectors/api'
import {
  createPostgresMonitoringRepository,
  createPostgresMonitorStore,
  maintainMonitoring,
  migrations,
} from '@assay/detectors/postgres'

import { createBenchDatabase } from '../bench-database.ts'
import { atMost, type Figure } from '../figure.ts'

const events = 1_000_000
const days = 30
const requests = 1_000

export const figure: Figure = {
  id: 'api.reads',
  targets: [atMost(50, 'ms')],
  // Filtered pages of 50, and the pages behind them, through the handler: parsed, checked and rendered.
  async measure() {
    const database = await createBenchDatabase(migrations)
    try {
      const store = createPostgresMonitorStore(database.client)
      const now = Date.now()
      await fill(database.client, store, now)
      await maintainMonitoring(database.client, { now })
      await database.client.query('analyze')
      const handle = createMonitoringHandler({
        repository: createPostgresMonitoringRepository(database.client),
        monitor: createMonitor({ sources: [createMemoryEventSource()], store }),
        authorize: () => 'bench',
      })
      const latencies = await readPages(handle, now)
      return {
        value: latencies[Math.floor(latencies.length * 0.95)] ?? Number.NaN,
        unit: 'ms',
        peers: {
          'p50 ms': latencies[Math.floor(latencies.length * 0.5)] ?? Number.NaN,
          'p99 ms': latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
        },
        n: latencies.length,
      }
    } finally {
      await database.drop()
    }
  },
}

type Store = ReturnType<typeof createPostgresMonitorStore>

const dayMs = 86_400_000

async function fill(client: SqlClient, store: Store, now: number): Promise<void> {
  // A note makes the month in which it is found.
  for (const at of [now - days * dayMs, now]) {
    await store.note({ findings: [finding(at)], rejudged: [], now: at })
  }
  await client.query(
    `
    with found as (
      select n, to_timestamp(($1::float8 - n::float8 / $2 * $3) / 1000) as at,
        (array['critical', 'high', 'medium', 'low'])[1 + n % 4] as severity,
        (array['balance.arithmetic', 'balance.continuity', 'scans.duplicate-burst',
          'transactions.charged-on-failure', 'transactions.consecutive-failures'])[1 + n % 5] as type,
        case when n % 10 = 0 then 'OPEN' else 'RESOLVED' end as status
      from generate_series(1, $2::int) as n
    ), keyed as (
      insert into assay_finding_keys (
        fingerprint, event_id, detected_at, subject, rule_id, action, ended_at, ending, revision,
        told_revision
      )
      select 'bench:' || n, 1000000 + n, at, 'card-' || n % 50000, type,
        case status when 'OPEN' then 'open' else 'resolve' end,
        case status when 'OPEN' then null else at end,
        case status when 'OPEN' then null else 'by-rule' end, 1, 1
      from found
    )
    insert into monitoring_events (
      event_id, fingerprint, event_type, severity, card_id, transaction_ids, affected_amount_minor,
      currency, detection_timestamp, detection_algorithm, confidence_score, event_data, status,
      event_time_ms, resolved_at, updated_at
    )
    select 1000000 + n, 'bench:' || n, type, severity, 'card-' || n % 50000,
      jsonb_build_array('tx-' || n), n % 5000, 'EUR', at, type || '@1', 1,
      jsonb_build_object('expectedMinor', n::text), status, extract(epoch from at) * 1000,
      case status when 'OPEN' then null else at end, at
    from found`,
    [now, events, days * dayMs],
  )
}

function finding(at: number) {
  return {
    fingerprint: `first of ${at}`,
    ruleId: 'balance.negative',
    ruleVersion: 1,
    severity: 'high' as const,
    action: 'open' as const,
    subject: 'card-1',
    transactionIds: ['tx-1'],
    eventTime: at,
    confidence: 1,
    evidence: {},
  }
}

async function readPages(
  handle: (request: Request) => Promise<Response>,
  now: number,
): Promise<number[]> {
  const since = new Date(now - 7 * dayMs).toISOString()
  const filters = [
    '',
    'status=open',
    'severity=critical',
    'status=open&severity=critical',
    'type=balance.continuity&status=resolved',
    'cardId=card-4711',
    `since=${since}&severity=low`,
    `type=scans.duplicate-burst&since=${since}`,
  ]
  const latencies: number[] = []
  while (latencies.length < requests) {
    for (const filter of filters) {
      let after = ''
      for (let page = 0; page < 3 && after !== null; page += 1) {
        const cursor = after === '' ? '' : `&after=${encodeURIComponent(after)}`
        const startedAt = performance.now()
        const response = await handle(
          new Request(`http://bench/events?limit=50&${filter}${cursor}`),
        )
        const body = (await response.json()) as { events?: unknown[]; next?: string | null }
        latencies.push(performance.now() - startedAt)
        if (response.status !== 200 || body.events?.length === 0) {
          throw new Error(`${filter} was answered with ${response.status}.`)
        }
        if (body.next === null || body.next === undefined) break
        after = body.next
      }
    }
  }
  return latencies.toSorted((a, b) => a - b)
}
