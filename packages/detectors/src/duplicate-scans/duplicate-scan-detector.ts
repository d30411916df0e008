import { findingFingerprint } from '../detector/finding-fingerprint.ts'
import { type Finding, NAMED_MAX } from '../detector/finding.ts'
import {
  inEventOrder,
  type OrderedDetector,
  type OrderedRules,
  passOver,
  type Verdicts,
} from '../detector/in-event-order.ts'
import type { Scan } from '../scans/scan.ts'
import type { DuplicateScanConfig } from './duplicate-scan-config.ts'
import { DUPLICATE_SCAN_VERSION, type DuplicateScanRuleId } from './duplicate-scan-rule.ts'
import {
  createDuplicateScanState,
  type DuplicateScanState,
  type ScanBurst,
} from './duplicate-scan-state.ts'

type ScanVerdicts = Verdicts<DuplicateScanRuleId, never>

const RULE = 'scans.duplicate-burst'
const TWO_MINUTES_MS = 120_000

const rules: OrderedRules<DuplicateScanState, DuplicateScanConfig, DuplicateScanRuleId, never> = {
  id: 'duplicate-scans',
  version: DUPLICATE_SCAN_VERSION,
  ruleIds: { transaction: [], scan: [RULE] },
  scope: 'account',
  init: createDuplicateScanState,
  judge(state, event, verdicts, config) {
    if (event.kind !== 'scan') return
    if (isKnown(state, event)) {
      passOver(verdicts, RULE, 'repeated', event)
      return
    }
    verdicts.evaluated[RULE] += 1
    if (isTogether(state.lastAt, event.eventTime, config)) {
      judgeBurst(state, event, verdicts, config)
    } else {
      state.burst = null
    }
    state.lastScanId = event.scanId
    state.lastTerminalId = event.terminalId
    state.lastAt = event.eventTime
  },
}

/**
 * The reducer behind `detectDuplicateScans`. A burst is found with its second scan and grows with each
 * further one. It never ends as a finding: that a card was read twice stays true.
 */
export const duplicateScanDetector: OrderedDetector<
  DuplicateScanState,
  DuplicateScanConfig,
  DuplicateScanRuleId,
  never
> = inEventOrder(rules)

/** One name is one scan, also where it comes again under another time. */
function isKnown({ lastScanId, burst }: DuplicateScanState, { scanId }: Scan): boolean {
  return scanId === lastScanId || (burst !== null && burst.scanIds.includes(scanId))
}

/** Whether a scan belongs to the same burst as the one before it. */
function isTogether(
  before: number,
  at: number,
  { grouping, reachMs }: DuplicateScanConfig,
): boolean {
  if (grouping === 'neighbours') return at - before <= reachMs
  return Math.floor(before / TWO_MINUTES_MS) === Math.floor(at / TWO_MINUTES_MS)
}

function judgeBurst(
  state: DuplicateScanState,
  scan: Scan,
  verdicts: ScanVerdicts,
  config: DuplicateScanConfig,
): void {
  const isSecond = state.burst === null
  state.burst ??= beginBurst(state)
  const { burst } = state
  addScan(burst, scan, state.lastAt)
  const wasFound = burst.isFound
  const isNarrow =
    config.grouping === 'neighbours' || scan.eventTime - burst.firstAt <= config.reachMs
  burst.isFound = isNarrow && (isSecond || wasFound)
  if (burst.isFound) {
    verdicts.findings.push(findingOf(isSecond ? 'open' : 'update', burst, scan, config))
  } else if (wasFound) {
    verdicts.findings.push(findingOf('resolve', burst, scan, config))
  }
}

/** @param state the last scan of which is the first of the burst */
function beginBurst({ lastScanId, lastTerminalId, lastAt }: DuplicateScanState): ScanBurst {
  return {
    firstScanId: lastScanId!,
    firstAt: lastAt,
    scans: 1,
    shortestGapMs: Number.MAX_SAFE_INTEGER,
    scanIds: [lastScanId!],
    terminalIds: lastTerminalId === null ? [] : [lastTerminalId],
    isFound: false,
  }
}

function addScan(burst: ScanBurst, { scanId, terminalId, eventTime }: Scan, before: number): void {
  const { scanIds, terminalIds } = burst
  burst.scans += 1
  burst.shortestGapMs = Math.min(burst.shortestGapMs, eventTime - before)
  scanIds.push(scanId)
  if (scanIds.length > NAMED_MAX) scanIds.shift()
  if (terminalId === null || terminalIds.length === NAMED_MAX) return
  if (!terminalIds.includes(terminalId)) terminalIds.push(terminalId)
}

function findingOf(
  action: Finding['action'],
  { firstScanId, firstAt, scans, shortestGapMs, scanIds, terminalIds }: ScanBurst,
  { accountId, eventTime }: Scan,
  { tenant, windowMs }: DuplicateScanConfig,
): Finding<DuplicateScanRuleId> {
  return {
    fingerprint: findingFingerprint(RULE, tenant, [accountId, firstScanId]),
    ruleId: RULE,
    ruleVersion: DUPLICATE_SCAN_VERSION,
    severity: 'medium',
    action,
    subject: accountId,
    transactionIds: [...scanIds],
    eventTime,
    confidence: 1,
    evidence: {
      scans,
      terminals: terminalIds.length,
      firstScanAt: firstAt,
      lastScanAt: eventTime,
      shortestGapMs,
      windowMs,
    },
  }
}
