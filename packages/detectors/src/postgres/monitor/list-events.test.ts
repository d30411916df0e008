import { migrate, type SqlClient } from '@assay/core'
import { fromPglite, fromPgPool, migrations as coreMigrations } from '@assay/core/postgres'
import { describeEachDatabase } from '@assay/test-servers'
import { beforeAll, expect, test } from 'vitest'

import { DAY_MS } from '../../monitoring-events/durations.ts'
import type { MonitoringEventFilter } from '../../monitoring-events/monitoring-repository.ts'
import { migrations } from '../migrations.ts'
import { selectEvents } from './list-events.ts'
import { maintainMonitoring } from './maintain-monitoring.ts'

const NOW = Date.UTC(2025, 5, 15, 12)
const EVENTS = 20_000

/** A page of 50 and one more, of each of four severities with each of three statuses. */
const ROWS_MAX = 12 * 51

// A page must cost what it shows, not what there is.
describeEachDatabase('A page of events', { fromPglite, fromPgPool }, (client) => {
  beforeAll(async () => {
    await migrate(client(), [...coreMigrations, ...migrations])
    await maintainMonitoring(client(), { now: NOW - 20 * DAY_MS })
    await client().query(INSERT_EVENTS, [EVENTS, NOW])
    await client().query('analyze monitoring_events')
  })

  const after = `${(NOW - 3 * DAY_MS) * 1_000}.5000`
  test.each<Omit<MonitoringEventFilter, 'limit'>>([
    {},
    { since: NOW - 5 * DAY_MS, until: NOW - 4 * DAY_MS },
    { after },
    { status: 'open' },
    { status: 'resolved', until: NOW - 5 * DAY_MS },
    { severity: 'low' },
    { severity: 'low', after },
    { status: 'resolved', severity: 'critical' },
    { type: 'rule.3' },
    { type: 'rule.3', status: 'acknowledged' },
    { type: 'rule.3', severity: 'low', after },
    { type: 'rule.none', severity: 'low' },
    { cardId: 'card-7' },
    { cardId: 'card-7', status: 'open', severity: 'high' },
  ])('with %o reads few rows of 20,000', async (filter) => {
    expect(await rowsRead(client(), filter)).toBeLessThanOrEqual(ROWS_MAX)
  })
})

// What PostgreSQL knows of the events must not lead it to read all of them.
describeEachDatabase(
  'Where most events are alike, a page',
  { fromPglite, fromPgPool },
  (client) => {
    beforeAll(async () => {
      await migrate(client(), [...coreMigrations, ...migrations])
      await maintainMonitoring(client(), { now: NOW - 20 * DAY_MS })
      await client().query(INSERT_EVENTS, [EVENTS, NOW])
      await client().query(MAKE_ALIKE)
      await client().query('vacuum analyze monitoring_events')
    })

    test.each<Omit<MonitoringEventFilter, 'limit'>>([
      { severity: 'critical' },
      { status: 'open' },
      { status: 'resolved' },
      { type: 'rule.0' },
      { type: 'rule.0', severity: 'critical' },
      { cardId: 'card-0' },
      { cardId: 'card-0', severity: 'critical' },
      { cardId: 'card-0', status: 'acknowledged' },
      { cardId: 'card-0', type: 'rule.0', status: 'open' },
    ])('with %o reads few rows of 20,000', async (filter) => {
      expect(await rowsRead(client(), filter)).toBeLessThanOrEqual(ROWS_MAX)
    })
  },
)

test('a severity that is none never becomes part of a statement', () => {
  const severity = "low' or true --" as 'low'
  expect(() => selectEvents({ severity, limit: 50 })).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION' }),
  )
})

/** How many rows of tables are looked at for a page of 50. */
async function rowsRead(
  client: SqlClient,
  filter: Omit<MonitoringEventFilter, 'limit'>,
): Promise<number> {
  const { text, values } = selectEvents({ ...filter, limit: 50 })
  const { rows } = await client.query(`explain (analyze, format json) ${text}`, values)
  const [{ Plan }] = rows[0]!['QUERY PLAN'] as [{ readonly Plan: PlanNode }]
  return countRows(Plan)
}

/** What is needed of a node of a plan. */
interface PlanNode {
  readonly 'Node Type': string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

/** How many rows of tables were looked at. */
function countRows(node: PlanNode): number {
  const own = node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)
  const isOfTable = /^(?:Seq|Index|Index Only|Bitmap Heap) Scan$/.test(node['Node Type'])
  return (node.Plans ?? []).reduce(
    (total, child) => total + countRows(child),
    isOfTable ? own * node['Actual Loops'] : 0,
  )
}

const INSERT_EVENTS = `
insert into monitoring_events (
  event_id, fingerprint, event_type, severity, card_id, transaction_ids, detection_timestamp,
  detection_algorithm, confidence_score, status, event_time_ms, resolved_at, updated_at
)
select n, n, 'rule.' || n % 9, (array['critical', 'high', 'medium', 'low'])[1 + n % 4],
  'card-' || n % 500, '[]', at, 'rule@1', 1, status, 0,
  case status when 'RESOLVED' then at end, at
from generate_series(1, $1::int) as n,
  lateral (select to_timestamp(($2::float8 - (20.0 * n / $1::int) * 86400000) / 1000) as at) as moment,
  lateral (select (array['OPEN', 'ACKNOWLEDGED', 'RESOLVED'])[1 + n % 3] as status) as chosen`

/** One card, one type, one status and one severity, but for the ten oldest events. */
const MAKE_ALIKE = `
update monitoring_events set
  event_type = 'rule.0', card_id = 'card-0', status = 'RESOLVED', resolved_at = updated_at,
  severity = case when event_id > ${EVENTS - 10} then 'critical' else 'low' end`
