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
 * however rare what it wants.
 */
export function selectEvents(filter: MonitoringEventFilter): EventQuery {
  const { status, severity, type, cardId, since, until, after, limit } = filter
  const values: SqlValue[] = [limit + 1]
  const where: string[] = []
  const add = (condition: (placeholder: string) => string, value: SqlValue | undefined): void => {
    if (value !== undefined) where.push(condition(`$${values.push(value)}`))
  }
  add(
    (placeholder) => `event.card_id = ${placeholder}`,
    cardId === undefined ? cardId : toStorableText(cardId),
  )
  add(
    (placeholder) => `event.event_type = ${placeholder}`,
    type === undefined ? type : toStorableText(type),
  )
  add((placeholder) => `event.detection_timestamp >= ${momentOf(placeholder)}`, since)
  add((placeholder) => `event.detection_timestamp < ${momentOf(placeholder)}`, until)
  if (after !== undefined) addPlace(after, where, values)

  const isFewOfCard = cardId !== undefined
  const isAll = status === undefined && severity === undefined && type === undefined
  if (isFewOfCard || isAll) {
    add((placeholder) => `event.status = ${placeholder}`, status && writeStatus(status))
    add((placeholder) => `event.severity = ${placeholder}`, severity)
    return { text: selectPage(where), values }
  }
  const statuses = status === undefined ? ALL_STATUSES : [writeStatus(status)]
  const severities = severity === undefined ? ALL_SEVERITIES : [severity]
  where.push('event.status = asked.status', 'event.severity = asked.severity')
  const asked = statuses.flatMap((each) =>
    severities.map((every) => `($${values.push(each)}::text, $${values.push(every)}::text)`),
  )
  return {
    text: `
select found.*
from (values ${asked.join(', ')}) as asked(status, severity)
cross join lateral (${selectPage(where)}) as found
order by found.detection_timestamp desc, found.event_id desc limit $1::bigint`,
    values,
  }
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
