import {
  type AccountEvent,
  type AccountEventInput,
  parseAccountEvent,
} from '../detector/account-event.ts'
import type { DetectorStep } from '../detector/detector.ts'
import type { OrderedDetector, OrderedState, OrderReason } from '../detector/in-event-order.ts'

/**
 * The event that a row tells of.
 *
 * @throws Error with the reason when the row does not parse
 */
export function eventOf(row: AccountEventInput): AccountEvent {
  const parsed = parseAccountEvent(row)
  if (!parsed.ok) throw new Error(parsed.reason)
  return parsed.row
}

/** Judges all rows of `card-7` in one step, after which nothing more can come. */
export function judgeAtOnce<State, Config, RuleId extends string, Reason extends string>(
  detector: OrderedDetector<State, Config, RuleId, Reason>,
  config: Config,
  rows: readonly AccountEventInput[],
): DetectorStep<AccountEvent, OrderedState<State>, RuleId, Reason | OrderReason> {
  const context = { watermark: Number.POSITIVE_INFINITY, config }
  return detector.step(detector.init('card-7'), rows.map(eventOf), context)
}
