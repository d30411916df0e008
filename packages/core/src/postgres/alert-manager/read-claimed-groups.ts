import type {
  AlertGroupMember,
  ClaimedAlertGroups,
} from '../../alert-manager/alert-manager-store.ts'
import { AssayError } from '../../errors/assay-error.ts'
import type { SqlExecutor, SqlRow } from '../../sql/sql-client.ts'
import { ALERT_COLUMNS, parseAlertRow } from './alert-row.ts'
import { BOUND_TEXTS } from './bound-texts.ts'
import { parseGroupRow, parseMemberRow } from './group-row.ts'
import { readable } from './parse-row.ts'

/** Reads claimed groups with their members. What cannot be read is set aside. */
export async function readClaimedGroups(
  client: SqlExecutor,
  scope: string,
  rows: readonly SqlRow[],
): Promise<ClaimedAlertGroups> {
  if (rows.length === 0) return { groups: [], unreadable: [] }

  const unreadable: AssayError[] = []
  const read = <Value>(parse: () => Value): Value | undefined => {
    const value = readable(parse)
    if (!(value instanceof AssayError)) return value
    unreadable.push(value)
    return undefined
  }

  const keys = rows.map((row) => row['key'])
  const { rows: memberRows } = await client.query(MEMBERS, [scope, JSON.stringify(keys)])
  const membersByKey = new Map<string, AlertGroupMember[]>()
  for (const row of memberRows) {
    const member = read(() => ({ ...parseMemberRow(row), stored: parseAlertRow(row) }))
    if (member === undefined) continue
    const { groupKey, ...rest } = member
    const members = membersByKey.get(groupKey) ?? []
    members.push(rest)
    membersByKey.set(groupKey, members)
  }

  const groups = rows
    .map((row) => read(() => parseGroupRow(row)))
    .filter((group) => group !== undefined)
    .map((group) => Object.assign(group, { members: membersByKey.get(group.key) ?? [] }))
  return { groups, unreadable }
}

const MEMBERS = `
select group_key, told, unsure, ${ALERT_COLUMNS}
from assay_alert_members join assay_alerts using (scope, fingerprint)
where scope = $1 and group_key in (${BOUND_TEXTS})`
