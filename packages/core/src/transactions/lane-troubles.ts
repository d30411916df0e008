import type { Alert, AlertIdentity } from '../alerts/alert.ts'
import type { Severity } from '../alerts/severity.ts'
import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Logger } from '../logger/logger.ts'
import type { TransactionLane } from './transaction.ts'

/**
 * What keeps a lane from its work.
 *
 * - `underfunded`: the account cannot pay, and nothing new is sent until it can.
 * - `stuck`: a transaction is not mined, and no better attempt can be made.
 * - `gap`: more nonces in a row were left out than may be filled.
 * - `history-lost`: the chain wants a nonce again whose transaction was final.
 * - `conflict`: a nonce was used by something that was not made here; it is told for an hour.
 * - `unreachable`: no round has come through for some time.
 */
export type LaneTrouble =
  | 'underfunded'
  | 'stuck'
  | 'gap'
  | 'history-lost'
  | 'conflict'
  | 'unreachable'

/** The part of an alert manager that a transaction manager needs. */
export interface TransactionAlerts {
  fire(alert: Alert): Promise<unknown>
  resolve(alert: AlertIdentity): Promise<unknown>
}

/** What is wrong with a lane, and who knows. */
export interface LaneTroubles {
  /** Notes whether a trouble lasts. */
  note(trouble: LaneTrouble, isThere: boolean): void
  /** Troubles that last. */
  list(): readonly LaneTrouble[]
  /** Tells what has changed since it was last told. What could not be told is told the next time. */
  tell(): Promise<void>
}

/** How a trouble is told. */
const ALERTS: Readonly<Record<LaneTrouble, { name: string; severity: Severity; says: string }>> = {
  underfunded: {
    name: 'TransactionLaneUnderfunded',
    severity: 'critical',
    says: 'cannot pay for its transactions; nothing new is sent until it is funded',
  },
  stuck: {
    name: 'TransactionLaneStuck',
    severity: 'high',
    says: 'has a transaction that is not mined and cannot be replaced by a better one',
  },
  gap: {
    name: 'TransactionLaneGap',
    severity: 'high',
    says: 'has more unused nonces in a row than may be filled',
  },
  'history-lost': {
    name: 'TransactionLaneHistoryLost',
    severity: 'critical',
    says: 'is on a chain that has forgotten final transactions; nothing new is sent',
  },
  conflict: {
    name: 'TransactionLaneConflict',
    severity: 'critical',
    says: 'had a nonce used by a transaction that was not made here: its key is in use elsewhere',
  },
  unreachable: {
    name: 'TransactionLaneUnreachable',
    severity: 'high',
    says: 'could not be worked on for some time; the log says why',
  },
}

/** Makes the list of a lane's troubles. Nothing is known of it at first. */
export function createLaneTroubles(
  lane: TransactionLane,
  {
    alerts,
    now,
    logger,
  }: { alerts: TransactionAlerts | undefined; now: () => number; logger: Logger },
): LaneTroubles {
  const troubles = new Map<LaneTrouble, boolean>()
  const told = new Map<LaneTrouble, boolean>()

  async function tellOne(trouble: LaneTrouble, isThere: boolean): Promise<void> {
    const alert = alertOf(trouble, lane, now())
    try {
      if (isThere) await alerts?.fire(alert)
      // Also where this process never saw it: another one may have, before it died.
      else await alerts?.resolve(alert)
      told.set(trouble, isThere)
    } catch (error) {
      const facts = { err: error, chain: lane.chain, trouble }
      tellQuietly(() => logger.warn(facts, 'An alert about a lane could not be handed on.'))
    }
  }

  return {
    note: (trouble, isThere) => void troubles.set(trouble, isThere),
    list: () => [...troubles].flatMap(([trouble, isThere]) => (isThere ? [trouble] : [])),
    async tell() {
      for (const [trouble, isThere] of troubles) {
        if (told.get(trouble) !== isThere) await tellOne(trouble, isThere)
      }
    },
  }
}

function alertOf(
  trouble: LaneTrouble,
  { chain, account }: TransactionLane,
  startsAt: number,
): Alert {
  const { name, severity, says } = ALERTS[trouble]
  return {
    name,
    severity,
    labels: { component: 'transactions', chain, account },
    summary: `Account ${account} on ${chain} ${says}.`,
    startsAt,
    source: '@assay/core',
  }
}
