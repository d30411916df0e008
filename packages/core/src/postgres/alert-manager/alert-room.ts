import type {
  AlertRoom,
  StoredAlert,
  StoredAlertChange,
} from '../../alert-manager/stored-alert-change.ts'
import type { SqlExecutor } from '../../sql/sql-client.ts'
import { BOUND_TEXTS } from './bound-texts.ts'

/** How many alerts and groups are kept at most. */
export interface AlertRoomLimits {
  readonly alerts: number
  readonly groups: number
}

/** Room that grows narrower as it is taken. */
export interface MeasuredAlertRoom extends AlertRoom {
  takeAlert(): void
  takeGroup(key: string): void
}

/** Counts only where something may be new: processes that write at once may go a batch beyond. */
export async function measureAlertRoom(
  tx: SqlExecutor,
  scope: string,
  {
    changes,
    before,
    limits,
  }: {
    readonly changes: readonly StoredAlertChange[]
    readonly before: ReadonlyMap<string, StoredAlert>
    readonly limits: AlertRoomLimits
  },
): Promise<MeasuredAlertRoom> {
  const keys = new Set(
    changes.flatMap((change) => ('groups' in change ? change.groups.map(({ key }) => key) : [])),
  )
  const mayBeNew = changes.some(
    ({ kind, fingerprint }) => kind === 'fire' && !before.has(fingerprint),
  )
  const groups = keys.size === 0 ? new Set<string>() : await findGroups(tx, scope, keys)
  const isCounting = mayBeNew || groups.size < keys.size
  const counts = isCounting
    ? (await tx.query(COUNT, [scope, limits.alerts, limits.groups])).rows[0]
    : {}
  let alertCount = Number(counts?.['alerts'] ?? 0)
  let groupCount = Number(counts?.['groups'] ?? 0)
  return {
    hasRoomForAlert: () => alertCount < limits.alerts,
    hasRoomForGroup: (key) => groups.has(key) || groupCount < limits.groups,
    takeAlert() {
      alertCount += 1
    },
    takeGroup(key) {
      if (groups.has(key)) return
      groups.add(key)
      groupCount += 1
    },
  }
}

async function findGroups(
  tx: SqlExecutor,
  scope: string,
  keys: ReadonlySet<string>,
): Promise<Set<string>> {
  const { rows } = await tx.query(FIND_GROUPS, [scope, JSON.stringify([...keys])])
  return new Set(rows.map((row) => String(row['key'])))
}

const FIND_GROUPS = `
select key from assay_alert_groups where scope = $1 and key in (${BOUND_TEXTS})`

// Neither is counted further than its limit.
const COUNT = `
select
  (select count(*)::int from
    (select from assay_alerts where scope = $1 limit $2::bigint) as alerts) as alerts,
  (select count(*)::int from
    (select from assay_alert_groups where scope = $1 limit $3::bigint) as groups) as groups`
