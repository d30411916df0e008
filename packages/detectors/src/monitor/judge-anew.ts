import { type AccountEvent, parseAccountEvent } from '../detector/account-event.ts'
import type { Finding } from '../detector/finding.ts'
import type { OrderedState } from '../detector/in-event-order.ts'
import type { RejudgedSubject, SetAsideRow } from './monitor-store.ts'
import type { PartitionRunOptions } from './partition-run.ts'
import { setAside } from './set-aside.ts'

/** What judging an account's whole history led to. */
export interface RejudgedState {
  readonly key: string
  readonly findings: readonly Finding[]
  readonly rejudged: RejudgedSubject | null
  /** The account's new state; `null` when its history is too long, and the former one stays. */
  readonly state: OrderedState<unknown> | null
  readonly wakeAt: number
  /** The late events, where the history is too long to judge them. */
  readonly tooLong: readonly SetAsideRow[]
}

/** Which account, and up to where. */
export interface LateAccount {
  readonly accountId: string
  readonly upTo: string
  readonly watermark: number
  readonly now: number
  /** Late events of any accounts. */
  readonly late: readonly AccountEvent[]
  readonly signal: AbortSignal
}

/**
 * An event came after its place in the order had passed: the account's history is read again up to the
 * cursor and judged from its beginning, as if the event had come in time.
 */
export async function judgeAnew(
  { accountId, upTo, watermark, now, late, signal }: LateAccount,
  { source, detector, rejudgedMax, futureToleranceMs, guard, coverage }: PartitionRunOptions,
): Promise<RejudgedState> {
  const rows = await guard(() =>
    source.readAccount({ accountId, upTo, limit: rejudgedMax, signal }),
  )
  if (rows === null) {
    const ofAccount = late.filter((event) => event.accountId === accountId)
    coverage.notRejudged(ofAccount.length)
    const reason = `late, and the account has more than ${rejudgedMax} events to judge anew`
    const tooLong = ofAccount.map((event) => setAside(source.id, event, reason))
    return { key: accountId, findings: [], rejudged: null, state: null, wakeAt: Infinity, tooLong }
  }

  const events = rows.flatMap((row) => {
    const parsed = parseAccountEvent(row)
    // What does not parse, or comes from the future, was set aside when it was first read.
    return parsed.ok && parsed.row.eventTime <= now + futureToleranceMs ? [parsed.row] : []
  })
  const context = { watermark, config: undefined }
  const step = detector.step(detector.init(accountId), events, context)
  return {
    key: accountId,
    findings: step.findings,
    rejudged: {
      subject: accountId,
      ruleIds: Object.values(detector.rules.ruleIds).flat(),
      fingerprints: step.findings.map(({ fingerprint }) => fingerprint),
    },
    state: step.state,
    wakeAt: step.wakeAt ?? Infinity,
    tooLong: [],
  }
}
