import type { SequenceReading } from '../ledger/ledger-entry.ts'
import { type BalanceLink, type BalanceRowState, linksOf } from './balance-row-state.ts'

/** Where rows of an account were set aside: their sequences, or `anywhere`. */
export type UnreadableRows = readonly bigint[] | 'anywhere'

/** The most places that are kept; with more of them nothing of the account is compared. */
const PLACES_MAX = 100

/**
 * Takes note of a row that was set aside.
 *
 * @param sequence its place in the order of booking
 * @returns whether it comes after all that was compared so far
 */
export function addUnreadable(state: BalanceRowState, sequence: SequenceReading): boolean {
  const { last, unreadable } = state
  if (unreadable === 'anywhere') return true
  if (sequence === null || sequence === 'unreadable') {
    state.unreadable = 'anywhere'
    return last === null
  }
  const places = (unreadable ?? []).filter((place) => matters(state, place))
  if (places.includes(sequence)) return true
  state.unreadable = places.length < PLACES_MAX ? [...places, sequence] : 'anywhere'
  return last === null || (last.sequence !== null && sequence > last.sequence)
}

/** Whether a row that was set aside may stand between a link and the one before it. */
export function isAcrossUnreadable(
  { unreadable }: BalanceRowState,
  { before, sequence }: BalanceLink,
): boolean {
  if (unreadable === null) return false
  const from = before?.sequence ?? null
  if (unreadable === 'anywhere' || from === null || sequence === null) return true
  return unreadable.some((place) => from <= place && place <= sequence)
}

/** Whether a place may still lie between two transactions that are compared. */
function matters(state: BalanceRowState, place: bigint): boolean {
  const first = linksOf(state)[0]?.sequence ?? null
  return !state.isCut || first === null || place >= first
}
