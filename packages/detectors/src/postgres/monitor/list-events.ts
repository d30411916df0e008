import {
  assertWholeNumber,
  InvalidOptionError,
  type SqlExecutor,
  type SqlRow,
  type SqlValue,
} from '@assay/core'

import type {
  MonitoringEventFilter,
  MonitoringEventPage,
} from '../../monitoring-events/monitoring-repository.ts'
import { EVENT_COLUMNS, parseEventRow, writeStatus } from './event-row.ts'
import { momentOf } from './moment-of.ts'
import { toStorableText } from './storable-json.ts'

/** Reads one page of events, the newest first. */
export async function listEvents(
  executor: SqlExecutor,
  filter: MonitoringEventFilter,
): Promise<MonitoringEventPage> {
  assertWholeNumber('listEvents', 'limit', filter.limit, { min: 1 })
  const { text, values } = selectEvents(filter)
  const { rows } = await executor.query(text, values)
  const events = rows.slice(0, filter.limit).map(parseEventRow)
  const hasMore = rows.length > filter.limit
  return { events, next: hasMore ? cursorOf(rows[filter.limit - 1]!) : null }
}

/** A statement with its values. */
export interface EventQuery {
  readonly text: string
  readonly values: readonly SqlValue[]
}

/**
 * Selects the events that fit, and one more than wanted, which tells whether there are others.
 *
 * Every index ends in the order of the page, behind columns that must be given for that order to hold.
 * Where a filter leaves the status or the severity open, each value is asked for by itself and the few
 * answers are merged: at most twelve times a page of index entries are read, whatever the filter and
 * however rare what it wants. Only where it names a card and a type, that type is looked for among the
 * events of the card.
 *
 * Status and severity stand in the statement itself. Of a value that it does not see, PostgreSQL
 * believes that any event may have it where most share one, and reads all of them by time.
 */
export function selectEvents(filter: MonitoringEventFilter): EventQuery {
  const { status, severity, type, cardId, since, until, after, limit } = filter
  const values: SqlValue[] = [limit + 1]
  const where: string[] = []
  const add = (condition: (placeholder: string) => string, value: SqlValue | undefined): void => {
    if (value !== undefined) where.push(condition(`$${values.push(value)}`))
  }
  add((placeholder) => `event.card_id = ${placeholder}`, cardId && toStorableText(cardId))
  add((placeholder) => `event.event_type = ${placeholder}`, type && toStorableText(type))
  add((placeholder) => `event.detection_timestamp >= ${momentOf(placeholder)}`, since)
  add((placeholder) => `event.detection_timestamp < ${momentOf(placeholder)}`, until)
  if (after !== undefined) addPlace(after, where, values)

  const isOrdered = cardId !== undefined || type === undefined
  const isOnePage = isOrdered && status === undefined && severity === undefined
  const pages = isOnePage ? [selectPage(where)] : pagesOfEach(filter, where)
  if (pages.length === 1) return { text: pages[0]!, values }
  return {
    text: `
${pages.map((page) => `(${page})`).join(' union all ')}
order by detection_timestamp desc, event_id desc limit $1::bigint`,
    values,
  }
}

/** A page of each status and severity that fits. */
function pagesOfEach(
  { status, severity }: Pick<MonitoringEventFilter, 'status' | 'severity'>,
  where: readonly string[],
): readonly string[] {
  const statuses = status === undefined ? ALL_STATUSES : [writeStatus(status)]
  // Never what a caller wrote: these texts become part of the statement.
  const severities = ALL_SEVERITIES.filter((each) => severity === undefined || severity === each)
  if (severities.length === 0) {
    throw new InvalidOptionError('listEvents', 'severity', `one of ${ALL_SEVERITIES.join(', ')}`)
  }
  return statuses.flatMap((each) =>
    severities.map((every) =>
      selectPage([...where, `event.status = '${each}'`, `event.severity = '${every}'`]),
    ),
  )
}

const ALL_STATUSES = ['OPEN', 'ACKNOWLEDGED', 'RESOLVED']
const ALL_SEVERITIES = ['critical', 'high', 'medium', 'low']

function selectPage(where: readonly string[]): string {
  return `
select ${EVENT_COLUMNS},
  (extract(epoch from event.detection_timestamp) * 1000000)::bigint as detected_us
from monitoring_events as event
${where.length === 0 ? '' : `where ${where.join(' and ')}`}
order by event.detection_timestamp desc, event.event_id desc limit $1::bigint`
}

function addPlace(cursor: string, where: string[], values: SqlValue[]): void {
  const [, detectedUs, eventId] = /^(-?\d{1,16})\.(\d{1,18})$/.exec(cursor) ?? []
  if (detectedUs === undefined || eventId === undefined) {
    throw new InvalidOptionError('listEvents', 'after', 'the `next` of a page')
  }
  // To the microsecond, which a timestamp has: rows that SQL inserted may differ by less than 1 ms.
  const moment = `timestamptz 'epoch' + $${values.push(detectedUs)}::float8 * interval '1 microsecond'`
  where.push(
    // The first condition leaves out whole months, which the second one cannot.
    `event.detection_timestamp <= ${moment}`,
    `(event.detection_timestamp, event.event_id) < (${moment}, $${values.push(eventId)}::bigint)`,
  )
}

function cursorOf(row: SqlRow): string {
  return `${String(row['detected_us'])}.${String(row['event_id'])}`
}
