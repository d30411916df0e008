import type { EventSource } from '../../monitor/event-source.ts'
import { takeWhole } from '../../monitor/take-whole.ts'
import type { FestivalDelivery } from '../festival/live-day.ts'

/** The log of a day, in the order in which rows arrived. */
export interface DayEventSource extends EventSource {
  readonly length: number
  add(row: FestivalDelivery['row']): void
}

interface Place {
  readonly place: number
  readonly row: FestivalDelivery['row']
}

/** Makes an empty log. Unlike `createMemoryEventSource`, it finds an account's rows at once. */
export function createDayEventSource(): DayEventSource {
  const log: FestivalDelivery['row'][] = []
  const byAccount = new Map<string, Place[]>()

  return {
    id: 'festival',
    get length() {
      return log.length
    },
    add(row) {
      const place = { place: log.length, row }
      log.push(row)
      const ofAccount = byAccount.get(row.accountId)
      if (ofAccount === undefined) byAccount.set(row.accountId, [place])
      else ofAccount.push(place)
    },
    async read({ after, limit, now }) {
      const from = Number(after ?? 0)
      const rows = log.slice(from, from + limit)
      const next = from + rows.length
      return {
        rows,
        cursor: next === 0 ? null : String(next),
        isLast: next === log.length,
        completeUpTo: now,
      }
    },
    async readAccounts({ accountIds, upTo, limit }) {
      const histories = accountIds.map((accountId) => ({
        accountId,
        rows: (byAccount.get(accountId) ?? []).flatMap(({ place, row }) =>
          place < Number(upTo) ? [row] : [],
        ),
      }))
      return takeWhole(histories, limit)
    },
  }
}
