import { configureDetector } from '../detector/combine-detectors.ts'
import {
  detectOverAccounts,
  type DetectionOptions,
  type DetectionReport,
} from '../detector/detect-over-accounts.ts'
import { parseLedgerEvent } from '../detector/parse-ledger-event.ts'
import type { LedgerRepository } from '../ledger/ledger-repository.ts'
import { type RaceConditionOptions, readRaceConditionConfig } from './race-condition-config.ts'
import { raceConditionDetector } from './race-condition-detector.ts'
import { RACE_CONDITION_RULE_IDS, type RaceConditionRuleId } from './race-condition-rule.ts'

/** How {@link detectRaceConditions} judges, reads and reports. */
export interface DetectRaceConditionsOptions
  extends
    DetectionOptions<RaceConditionRuleId>,
    Omit<RaceConditionOptions, keyof DetectionOptions> {}

/** What a run returns. */
export type RaceConditionReport = DetectionReport<RaceConditionRuleId, 'repeated'>

/**
 * Finds requests on one account that came so close together that they may have been worked on at the
 * same time. The finding's confidence rises when they were, and when one saw the balance that another
 * one was about to move.
 *
 * @param repositories.ledger where transactions are read
 * @param options durations in milliseconds, bounds in rows, and who hears of what
 * @returns the first findings: one that opens with the second request, and an update for each further
 * one
 * @throws `INVALID_OPTION` for an option that is out of range
 * @throws what the repository or a callback threw, and the signal's reason
 *
 * @example
 * ```ts
 * import { createMemoryLedgerRepository, detectRaceConditions } from '@assay/detectors'
 *
 * const transaction = {
 *   accountId: 'card-7',
 *   status: 'completed',
 *   amountMinor: -450n,
 *   balanceBeforeMinor: 2_000n,
 *   currency: 'EUR',
 * } as const
 * const ledger = createMemoryLedgerRepository({
 *   transactions: [
 *     { ...transaction, transactionId: 'tx-1', eventTime: 1_749_895_200_000, processingMs: 900 },
 *     { ...transaction, transactionId: 'tx-2', eventTime: 1_749_895_200_400 },
 *   ],
 * })
 * const { findings } = await detectRaceConditions({ ledger })
 * console.log(findings[0]?.confidence) // 0.95
 * ```
 */
export async function detectRaceConditions(
  { ledger }: { readonly ledger: LedgerRepository },
  options: DetectRaceConditionsOptions = {},
): Promise<RaceConditionReport> {
  const config = readRaceConditionConfig(options)
  return detectOverAccounts(
    {
      name: 'detectRaceConditions',
      detectors: [configureDetector(raceConditionDetector, config)],
      ruleIds: RACE_CONDITION_RULE_IDS,
      read: (work, { batchSize }) =>
        ledger.readSnapshot(work, {
          batchSize,
          candidates: { kind: 'neighbours', withinMs: config.reachMs },
        }),
      parse: parseLedgerEvent,
    },
    options,
  )
}
