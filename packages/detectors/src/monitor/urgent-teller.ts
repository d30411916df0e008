import type { Logger } from '@assay/core'

import type { Finding } from '../detector/finding.ts'
import { type FindingAlerts, handOn, type HandOverOptions } from './tell-findings.ts'

/** Tells people of what cannot be stored, and remembers it until it is over, or stored after all. */
export interface UrgentTeller {
  /** Hands findings on at once, each of them once. One that nobody takes in is not remembered. */
  tell(findings: readonly Finding[]): Promise<void>
  /**
   * Ends what was handed on and does not hold any more.
   *
   * @param stored what holds, and is stored now: from here on it ends as any other finding
   */
  endAllBut(stored: readonly Finding[]): Promise<void>
}

/** What findings are told with. */
export interface UrgentTellerOptions extends Pick<HandOverOptions, 'toAlert'> {
  readonly alerts: FindingAlerts | undefined
  readonly logger: Logger
}

/** Makes the teller of one monitor. */
export function createUrgentTeller({ alerts, toAlert, logger }: UrgentTellerOptions): UrgentTeller {
  /** By fingerprint, what people know of and the store does not. */
  const told = new Map<string, Finding>()

  /** Whether it was taken in. What fails is tried again as long as it holds. */
  async function isTaken(finding: Finding): Promise<boolean> {
    if (alerts === undefined) return false
    try {
      return await handOn(finding, { alerts, toAlert })
    } catch (error) {
      logger.warn({ err: error }, 'A finding could not be handed on at once, and will be again.')
      return false
    }
  }

  async function tellOne(finding: Finding): Promise<void> {
    const { fingerprint } = finding
    if (!told.has(fingerprint) && (await isTaken(finding))) told.set(fingerprint, finding)
  }

  async function endOne(finding: Finding): Promise<void> {
    if (await isTaken({ ...finding, action: 'resolve' })) told.delete(finding.fingerprint)
  }

  return {
    async tell(findings) {
      await Promise.all(findings.map(tellOne))
    },
    async endAllBut(stored) {
      for (const { fingerprint } of stored) told.delete(fingerprint)
      await Promise.all([...told.values()].map(endOne))
    },
  }
}
