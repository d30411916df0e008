import { z } from 'zod'

import { idSchema } from '../ledger/ledger-entry.ts'
import { DAY_MS } from '../monitoring-events/durations.ts'
import type { MonitoringEventFilter } from '../monitoring-events/monitoring-repository.ts'
import { ApiRefusalError } from './api-refusal-error.ts'
import { readQuery, sentenceOf } from './read-query.ts'

/** From when to when, in epoch milliseconds; the end is not part of it. */
interface TimeRange {
  readonly since: number
  readonly until: number
}

/** What a person wants to say of an event. */
interface EventChange {
  readonly status: 'acknowledged' | 'resolved'
  readonly notes: string | null
}

/** Reads all that a client may send, or throws an `ApiRefusalError`. */
export interface RequestReaders {
  noQuery(url: URL): void
  eventFilter(url: URL): MonitoringEventFilter
  /** Without parameters, the day before `now`. */
  timeRange(url: URL, now: number): TimeRange
  eventChange(body: unknown): EventChange
  noBody(body: unknown): void
}

const RANGE_DAYS_MAX = 31
const PAGE_DEFAULT = 50
const PAGE_MAX = 200
const NOTES_LENGTH_MAX = 2_000

/** Makes the readers. Their schemas are made here: at the top they would stay in every bundle. */
export function createRequestReaders(): RequestReaders {
  const nothing = z.strictObject({})
  const moments = z.object({ since: momentSchema().optional(), until: momentSchema().optional() })
  const eventFilter = moments
    .extend({
      status: z.enum(['open', 'acknowledged', 'resolved'], 'is no status').optional(),
      severity: z.enum(['critical', 'high', 'medium', 'low'], 'is no severity').optional(),
      type: z
        .string()
        .regex(/^[\w.-]{1,100}$/, 'is no type')
        .optional(),
      cardId: idSchema.optional(),
      after: z
        .string()
        .regex(/^[!-~]{1,500}$/, 'must be the `next` of a page')
        .optional(),
      limit: limitSchema().default(PAGE_DEFAULT),
    })
    .refine(isForward, BACKWARD)
  const range = moments.refine(isForward, BACKWARD)
  const change = z.strictObject(
    {
      status: z.enum(['acknowledged', 'resolved'], 'must be `acknowledged` or `resolved`'),
      notes: notesSchema().nullish(),
    },
    'it must be an object',
  )

  return {
    noQuery: (url) => void readQuery(url, nothing),
    eventFilter: (url) => readQuery(url, eventFilter),
    timeRange(url, now) {
      const { since, until = Math.max(now, (since ?? 0) + 1) } = readQuery(url, range)
      const from = since ?? until - DAY_MS
      if (until - from <= RANGE_DAYS_MAX * DAY_MS) return { since: from, until }
      const message = `since and until may be at most ${RANGE_DAYS_MAX} days apart.`
      throw new ApiRefusalError('MONITORING_QUERY_INVALID', 400, message)
    },
    eventChange(body) {
      const { status, notes = null } = readBody(body, change)
      return { status, notes }
    },
    noBody(body) {
      if (body !== undefined) readBody(body, nothing)
    },
  }
}

function readBody<Body>(body: unknown, schema: z.ZodType<Body>): Body {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const message = `The body cannot be used: ${sentenceOf(parsed.error)}.`
  throw new ApiRefusalError('MONITORING_BODY_INVALID', 400, message)
}

function momentSchema() {
  return z.iso
    .datetime({ offset: true, error: 'must be a moment such as 2026-05-01T09:30:00Z; + is %2B' })
    .pipe(z.coerce.date())
    .transform((date) => date.getTime())
}

function limitSchema() {
  return z
    .string()
    .refine(
      (text) => /^[1-9]\d{0,2}$/.test(text) && Number(text) <= PAGE_MAX,
      `must be a whole number from 1 to ${PAGE_MAX}`,
    )
    .transform(Number)
}

function notesSchema() {
  return z
    .string()
    .trim()
    .min(1, 'must say something')
    .max(NOTES_LENGTH_MAX, `may have at most ${NOTES_LENGTH_MAX} characters`)
    .regex(/^(?:[^\p{Cc}\p{Cs}]|[\t\n\r])*$/u, 'may have no control characters')
}

const BACKWARD = 'since must be before until'

function isForward({
  since,
  until,
}: {
  readonly since?: number | undefined
  readonly until?: number | undefined
}): boolean {
  return since === undefined || until === undefined || since < until
}
