import type { SqlClient } from '@assay/core'
import { z } from 'zod'

import { DAY_MS } from '../../monitoring-events/durations.ts'

/** Sees to it that the months are there that events are written into. */
export interface EventMonths {
  /** Resolves when events of this moment can be written. */
  ensure(now: number): Promise<void>
  /** Nothing is taken for there any more: a month may have been dropped. */
  forget(): void
}

/** Makes months when they are first needed, in case nobody has made them ahead. */
export function createEventMonths(client: SqlClient): EventMonths {
  const known = new Set<string>()
  return {
    async ensure(now) {
      // To the day and not to the month, so that no calendar is needed.
      const day = String(Math.floor(now / DAY_MS))
      if (known.has(day)) return
      await addEventsMonth(client, now)
      if (known.size >= DAYS_MAX) known.clear()
      known.add(day)
    },
    forget() {
      known.clear()
    },
  }
}

const DAYS_MAX = 100

/**
 * Makes the month of a moment, in UTC, unless it is there.
 *
 * @returns whether it was made
 */
export async function addEventsMonth(client: SqlClient, moment: number): Promise<boolean> {
  const { rows } = await client.query(ADD_MONTH, [moment])
  return z.boolean().parse(rows[0]?.['added'])
}

const ADD_MONTH = 'select assay_add_events_month(to_timestamp($1::float8 / 1000)) as added'
