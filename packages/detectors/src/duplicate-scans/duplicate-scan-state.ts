import type { ScanId } from '../scans/scan.ts'

/** What is known of the scans of one card. */
export interface DuplicateScanState {
  /** The scan that was judged last; `null` before the first one. */
  lastScanId: ScanId | null
  lastTerminalId: string | null
  /** When it happened, in epoch milliseconds. */
  lastAt: number
  /** The scans that lie together with the last one; `null` when it stands alone. */
  burst: ScanBurst | null
}

/** Scans of one card, so close together that they are one. */
export interface ScanBurst {
  readonly firstScanId: ScanId
  readonly firstAt: number
  scans: number
  shortestGapMs: number
  /** The last scans, as many as a finding names, oldest first. */
  readonly scanIds: ScanId[]
  /** The first distinct terminals, as far as they are known. */
  readonly terminalIds: string[]
  /** Whether a finding is open. Without it, the first and the last scan lie too far apart. */
  isFound: boolean
}

/** Before any moment; unlike an infinity, JSON can hold it. */
const NEVER = Number.MIN_SAFE_INTEGER

/** The state of a card that was never read. */
export function createDuplicateScanState(): DuplicateScanState {
  return { lastScanId: null, lastTerminalId: null, lastAt: NEVER, burst: null }
}
