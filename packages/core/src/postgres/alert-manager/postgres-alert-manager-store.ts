import type { AlertManagerStore } from '../../alert-manager/alert-manager-store.ts'
import type { SqlClient } from '../../sql/sql-client.ts'
import { runWriteTransaction } from '../run-write-transaction.ts'
import { acknowledgeGroups } from './acknowledge-groups.ts'
import { listHistory, pruneHistory } from './alert-history.ts'
import { claimDueGroups } from './claim-due-groups.ts'
import { commitGroupRound } from './commit-group-round.ts'
import { forgetGrouplessAlerts } from './forget-groupless-alerts.ts'
import {
  expireAlerts,
  findFiring,
  findFiringInhibitors,
  listAlerts,
  listToldAlerts,
} from './kept-alerts.ts'
import { putAlertChanges } from './put-alert-changes.ts'
import { readClaimedGroups } from './read-claimed-groups.ts'
import { addSilence, endSilence, listSilences, pruneSilences } from './silences.ts'

/** Options of {@link createPostgresAlertManagerStore}. */
export interface PostgresAlertManagerStoreOptions {
  /**
   * Keeps what belongs to one manager apart from that of another in the same tables: managers that
   * share a scope share everything. Default `default`.
   */
  readonly scope?: string | undefined
}

/**
 * Keeps what an alert manager knows in PostgreSQL, in the tables of `migrations`, so that it survives
 * the process, and all processes that share the database send each notification once between them.
 *
 * @param client the database
 *
 * @example
 * ```ts
 * import { PGlite } from '@electric-sql/pglite'
 * import { createAlertManager, migrate } from '@assay/core'
 * import { createPostgresAlertManagerStore, fromPglite, migrations } from '@assay/core/postgres'
 * import { createRecordingChannel } from '@assay/core/testing'
 *
 * const client = fromPglite(await PGlite.create())
 * await migrate(client, migrations)
 *
 * const manager = createAlertManager({
 *   policy: { route: { receiver: 'team', groupWaitMs: 0 } },
 *   channels: { team: createRecordingChannel() },
 *   store: createPostgresAlertManagerStore(client),
 * })
 * await manager.fire({
 *   name: 'PayoutStuck',
 *   severity: 'high',
 *   labels: { payout: 'p-1' },
 *   summary: 'Payout p-1 has not arrived.',
 *   startsAt: Date.now(),
 *   source: 'payouts',
 * })
 * console.log((await manager.tick()).delivered) // 1
 * ```
 */
export function createPostgresAlertManagerStore(
  client: SqlClient,
  { scope = 'default' }: PostgresAlertManagerStoreOptions = {},
): AlertManagerStore {
  return {
    async put(changes, limits) {
      if (changes.length === 0) return []
      return runWriteTransaction(client, (tx) => putAlertChanges(tx, scope, { changes, limits }))
    },
    async claimDue(claim) {
      const claimed = await runWriteTransaction(client, (tx) => claimDueGroups(tx, scope, claim))
      return readClaimedGroups(client, scope, claimed)
    },
    commit: (commit) => runWriteTransaction(client, (tx) => commitGroupRound(tx, scope, commit)),
    firingInhibitors: (names) => findFiringInhibitors(client, scope, names),
    acknowledge: (acknowledgement) =>
      runWriteTransaction(client, (tx) => acknowledgeGroups(tx, scope, acknowledgement)),
    expireAlerts: (now) => runWriteTransaction(client, (tx) => expireAlerts(tx, scope, now)),
    listAlerts: (limit) => listAlerts(client, scope, limit),
    listTold: (request) => listToldAlerts(client, scope, request),
    firingAmong: (fingerprints) => findFiring(client, scope, fingerprints),
    addSilence: (silence, bound) =>
      runWriteTransaction(client, (tx) => addSilence(tx, scope, { silence, ...bound })),
    endSilence: (id, now) =>
      runWriteTransaction(client, (tx) => endSilence(tx, scope, { id, now })),
    listSilences: (now) => listSilences(client, scope, now),
    listHistory: (filter) => listHistory(client, scope, filter),
    async prune({ historyBefore, now, limit }) {
      await runWriteTransaction(client, (tx) => pruneSilences(tx, scope, now))
      await runWriteTransaction(client, (tx) => forgetGrouplessAlerts(tx, scope))
      const entries = { before: historyBefore, limit }
      return runWriteTransaction(client, (tx) => pruneHistory(tx, scope, entries))
    },
  }
}
