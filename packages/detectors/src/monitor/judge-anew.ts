import { type AccountEvent, idOfEvent } from '../detector/account-event.ts'
import type { CombinedDetector } from '../detector/combine-detectors.ts'
import type { DetectorStep } from '../detector/detector.ts'
import type { Finding } from '../detector/finding.ts'
import type { OrderedState } from '../detector/in-event-order.ts'
import type { LeftOutRow } from '../detector/left-out-row.ts'
import type { AccountHistory } from './event-source.ts'
import type { RejudgedSubject, SetAsideRow } from './monitor-store.ts'
import { findNotRejudged, NOT_REJUDGED } from './not-rejudged.ts'
import type { PartitionRunOptions } from './partition-run.ts'
import { readRows } from './read-rows.ts'
import { setAside } from './set-aside.ts'

/** What judging an account's whole history led to. */
export interface RejudgedState {
  readonly key: string
  readonly findings: readonly Finding[]
  readonly rejudged: readonly RejudgedSubject[]
  /** The account's new state; `null` when its history is too long, and the former one stays. */
  readonly state: OrderedState<unknown> | null
  readonly wakeAt: number
  /** The late events, where the history is too long to judge them. */
  readonly tooLong: readonly SetAsideRow[]
}

/** What came late, and up to where accounts are judged. */
export interface LateEvents {
  /** Of any accounts. */
  readonly late: readonly AccountEvent[]
  /** Accounts that are to be judged anew because of rows that were set aside. */
  readonly review: readonly string[]
  readonly upTo: string
  readonly watermark: number
  readonly now: number
  readonly signal: AbortSignal
}

/** The most accounts that are read at once. */
const ACCOUNTS_AT_ONCE = 100

/**
 * Events came after their place in the order had passed: the histories of their accounts are read again
 * up to the cursor, as many at once as have `rejudgedMax` events, and judged from their beginning, as if
 * the events had come in time.
 */
export async function judgeAnew(
  { late, review, upTo, watermark, now, signal }: LateEvents,
  options: PartitionRunOptions,
): Promise<readonly RejudgedState[]> {
  const { source, rejudgedMax: limit, guard } = options
  const byAccount = Map.groupBy(late, ({ accountId }): string => accountId)
  let waiting = [...new Set([...byAccount.keys(), ...review])]
  const judged: RejudgedState[] = []
  while (waiting.length > 0) {
    const accountIds = waiting.slice(0, ACCOUNTS_AT_ONCE)
    const histories = await guard(() => source.readAccounts({ accountIds, upTo, limit, signal }))
    signal.throwIfAborted()
    for (const history of histories) judged.push(judgeHistory(history, { watermark, now }, options))
    const [first] = accountIds
    if (histories.length === 0) {
      const ofFirst = byAccount.get(first!) ?? []
      judged.push(leaveAsItIs({ accountId: first!, late: ofFirst, watermark }, options))
    }
    waiting = waiting.slice(Math.max(1, histories.length))
  }
  return judged
}

function judgeHistory(
  { accountId, rows }: AccountHistory,
  { watermark, now }: Pick<LateEvents, 'watermark' | 'now'>,
  { detector, source, futureToleranceMs }: PartitionRunOptions,
): RejudgedState {
  const { events, leftOut } = readRows(source.id, rows, now + futureToleranceMs)
  const judge = (left: readonly LeftOutRow[]): JudgedHistory =>
    detector.step(detector.init(accountId), events, { watermark, config: undefined, leftOut: left })
  const first = judge(leftOut)
  const misplaced = rowsWithoutPlace(events, first)
  const step = misplaced.length === 0 ? first : judge([...leftOut, ...misplaced])
  return {
    key: accountId,
    findings: step.findings,
    rejudged: rejudgedOf(accountId, events, step, detector),
    state: step.state,
    wakeAt: step.wakeAt ?? Infinity,
    tooLong: [],
  }
}

/**
 * What a judgement of an account says: of what lies before the first event nothing, because a host may
 * keep events for a while only. The same holds for the first event itself where a rule needs what came
 * before it.
 */
function rejudgedOf(
  subject: string,
  events: readonly AccountEvent[],
  { findings, notEvaluable }: DetectorStep<AccountEvent, unknown>,
  { rules }: CombinedDetector,
): readonly RejudgedSubject[] {
  if (events.length === 0) return []
  const since = events.reduce((first, { eventTime }) => Math.min(first, eventTime), Infinity)
  const first = new Set(events.filter(({ eventTime }) => eventTime === since).map(idOfEvent))
  const passedOver = new Set(
    notEvaluable.flatMap(({ ruleId, transactionId }) =>
      transactionId !== null && first.has(transactionId) ? ruleId : [],
    ),
  )
  const all = [...Object.values(rules.ruleIds).flat(), NOT_REJUDGED]
  const ruleIds = all.filter((ruleId) => !passedOver.has(ruleId))
  const fingerprints = findings.map(({ fingerprint }) => fingerprint)
  return [
    { subject, ruleIds, fingerprints, since },
    { subject, ruleIds: [...passedOver], fingerprints, since: since + 1 },
  ]
}

type JudgedHistory = DetectorStep<AccountEvent, OrderedState<unknown>>

/**
 * Transactions that were booked so long before others of an earlier time that they found no place among
 * them, as one from the future does when its time has come: what is compared across their places must
 * know of them from the beginning.
 */
function rowsWithoutPlace(
  events: readonly AccountEvent[],
  { notEvaluable }: JudgedHistory,
): readonly LeftOutRow[] {
  const late = new Set(
    notEvaluable.flatMap(({ reason, transactionId }) => (reason === 'late' ? transactionId : [])),
  )
  return events.flatMap((event) =>
    event.kind === 'transaction' && late.has(event.transactionId)
      ? [{ accountId: event.accountId, sequence: event.sequence, dueAt: null }]
      : [],
  )
}

function leaveAsItIs(
  { accountId, late, watermark }: Pick<LateEvents, 'late' | 'watermark'> & { accountId: string },
  { source, rejudgedMax, tenant }: PartitionRunOptions,
): RejudgedState {
  const reason = `late, and the account has more than ${rejudgedMax} events to judge anew`
  return {
    key: accountId,
    findings: findNotRejudged({ accountId, late, watermark, rejudgedMax, tenant }),
    rejudged: [],
    state: null,
    wakeAt: Infinity,
    tooLong: late.map((event) => setAside(source.id, event, reason)),
  }
}
