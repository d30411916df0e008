import { type AccountEvent, idOfEvent } from '../detector/account-event.ts'
import { findingFingerprint } from '../detector/finding-fingerprint.ts'
import { type Finding, NAMED_MAX } from '../detector/finding.ts'

/** Something came late on an account whose history is too long to judge it anew. */
export type NotRejudgedRuleId = 'account.not-rejudged'

export const NOT_REJUDGED: NotRejudgedRuleId = 'account.not-rejudged'

/** Which account, and what came late. */
export interface NotRejudgedAccount {
  readonly accountId: string
  /** Its late events; none where a row that was set aside is to be judged after all. */
  readonly late: readonly AccountEvent[]
  /** Up to when accounts are judged, in epoch milliseconds. */
  readonly watermark: number
  readonly rejudgedMax: number
  readonly tenant: string | null
}

/**
 * What a person is told of an account that could not be judged anew: one finding for each account, which
 * opens once and then grows. It ends when the account can be judged as a whole.
 */
export function findNotRejudged({
  accountId,
  late,
  watermark,
  rejudgedMax,
  tenant,
}: NotRejudgedAccount): readonly Finding<NotRejudgedRuleId>[] {
  const found: Omit<Finding<NotRejudgedRuleId>, 'action'> = {
    fingerprint: findingFingerprint(NOT_REJUDGED, tenant, [accountId]),
    ruleId: NOT_REJUDGED,
    ruleVersion: 1,
    severity: 'medium',
    subject: accountId,
    transactionIds: late.slice(-NAMED_MAX).map(idOfEvent),
    eventTime: late.length === 0 ? watermark : Math.max(...late.map((event) => event.eventTime)),
    confidence: 1,
    evidence: { lateEvents: late.length, rejudgedMax },
  }
  // Whether it is open is for the store to know: there the one that is no news changes nothing.
  return [
    { ...found, action: 'open' },
    { ...found, action: 'update' },
  ]
}
