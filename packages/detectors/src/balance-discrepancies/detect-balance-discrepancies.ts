import { assertWholeNumber, InvalidOptionError } from '@assay/core'

import type { DetectionOptions, RuleSummary } from '../detector/detect-over-accounts.ts'
import type { Finding } from '../detector/finding.ts'
import { createRuleReport } from '../detector/rule-report.ts'
import { accountIdOf, parseLedgerEntry, readSequence } from '../ledger/ledger-entry.ts'
import type { LedgerRepository } from '../ledger/ledger-repository.ts'
import { assertAmount } from './assert-amount.ts'
import { balanceDetector } from './balance-detector.ts'
import { BALANCE_RULE_IDS, type BalanceReason, type BalanceRuleId } from './balance-rule.ts'
import type { BalanceConfig, BalanceEvent, BalanceState } from './balance-state.ts'

/** How {@link detectBalanceDiscrepancies} judges, reads and reports. */
export interface DetectBalanceDiscrepanciesOptions extends Omit<
  DetectionOptions<BalanceRuleId>,
  'sinceMs' | 'untilMs' | 'onProgress'
> {
  /** The difference that stays silent, in minor units, at least 0n. Default 1n: 2n is found. */
  readonly toleranceMinor?: bigint | undefined
  /** How far below zero an account without a balance row may go, at least 0n. Default 0n. */
  readonly overdraftLimitMinor?: bigint | undefined
  /**
   * Whether the repository hands out rows without a sequence in the order in which the source booked
   * them. Without that, and without sequences, continuity is not evaluable. Default false.
   */
  readonly orderProven?: boolean | undefined
  /**
   * The most completed transactions of an account that are kept to recognise a repeated one. Of an
   * account with more of them nothing is summed or compared beyond that. 0 keeps none and takes it
   * that none comes twice. Default 1,000, or 0 where the repository says `hasUniqueIds`.
   */
  readonly rememberedMax?: number | undefined
  /**
   * What an account held before its first transaction. `zero` is for parity with reconciliations that
   * know no checkpoint. Default `checkpoint`.
   */
  readonly reconcilesFrom?: 'checkpoint' | 'zero' | undefined
  /**
   * Whether a transaction that makes good another one counts when an account is reconciled. `false` is
   * for parity with reconciliations that know no refunds. Default true.
   */
  readonly countsRefunds?: boolean | undefined
  /** Called after each batch. */
  readonly onProgress?: ((progress: BalanceProgress) => void) | undefined
}

/** How much was read and found, so far or in all. */
export interface BalanceProgress {
  /** Accounts that had a balance, a transaction, or a row that did not parse. */
  readonly accounts: number
  /** Transactions that parsed. Each has one outcome from each rule on rows. */
  readonly transactions: number
  /** Rows that did not parse. */
  readonly rejected: number
  /** Completed transactions that were not kept, above `rememberedMax`, to recognise a repeated one. */
  readonly forgotten: number
  /** Of all rules together. */
  readonly findings: number
}

/** What was read and what became of it. */
export interface BalanceSummary extends BalanceProgress {
  readonly rules: Readonly<Record<BalanceRuleId, RuleSummary<BalanceReason>>>
}

/** What a run returns. */
export interface BalanceReport {
  /** The first findings, at most `findingsMax`. */
  readonly findings: readonly Finding<BalanceRuleId>[]
  readonly summary: BalanceSummary
}

/**
 * Audits a ledger: does every transaction add up, does each begin where the one before ended, does
 * every account hold what its transactions moved, and has none gone below its limit?
 *
 * One account is in memory at a time, and one batch, so a ledger of any size can be read.
 *
 * @param repositories.ledger where accounts and transactions are read
 * @param options tolerances in minor units, bounds in rows, and who hears of what
 * @returns the first findings, and for each rule how often it found, judged and could not judge
 * @throws `INVALID_OPTION` for an option that is out of range
 * @throws what the repository or a callback threw, and the signal's reason
 *
 * @example
 * ```ts
 * import { createMemoryLedgerRepository, detectBalanceDiscrepancies } from '@assay/detectors'
 *
 * const ledger = createMemoryLedgerRepository({
 *   balances: [
 *     {
 *       accountId: 'card-7',
 *       currency: 'EUR',
 *       checkpointMinor: 0n,
 *       balanceMinor: 500n,
 *       eventTime: 1_749_895_200_000,
 *     },
 *   ],
 * })
 * const { summary } = await detectBalanceDiscrepancies({ ledger })
 * console.log(summary.rules['balance.reconciliation'].findings) // 1
 * ```
 */
export async function detectBalanceDiscrepancies(
  { ledger }: { readonly ledger: LedgerRepository },
  options: DetectBalanceDiscrepanciesOptions = {},
): Promise<BalanceReport> {
  const { batchSize = 1_000, signal, onProgress } = options
  assertOptions(options)
  signal?.throwIfAborted()

  return ledger.readSnapshot(
    async (batches) => {
      // All that a run gathers is made here, so that a repository may begin its snapshot anew.
      const audit = createAudit(configOf(options, ledger), options)
      for await (const batch of batches) {
        signal?.throwIfAborted()
        await audit.takeIn(batch)
        onProgress?.(audit.progress())
      }
      return audit.end()
    },
    { batchSize },
  )
}

interface Audit {
  takeIn(batch: readonly unknown[]): Promise<void>
  progress(): BalanceProgress
  end(): Promise<BalanceReport>
}

function createAudit(config: BalanceConfig, options: DetectBalanceDiscrepanciesOptions): Audit {
  // The snapshot is complete, so nothing can come later than what it holds.
  const context = { config, watermark: Number.POSITIVE_INFINITY }
  const report = createRuleReport<BalanceRuleId, BalanceReason>(BALANCE_RULE_IDS, options)
  const counts = { accounts: 0, transactions: 0, rejected: 0, forgotten: 0 }
  let state: BalanceState | null = null
  /** Events of the account in `state` that wait for their step. */
  let waiting: BalanceEvent[] = []

  async function takeIn(batch: readonly unknown[]): Promise<void> {
    for (const row of batch) {
      const parsed = parseLedgerEntry(row)
      const event = parsed.ok ? parsed.row : await setAside(row, parsed.reason)
      if (event === null) continue
      if (event.accountId !== state?.accountId) await moveTo(event.accountId)
      if (event.kind === 'transaction') counts.transactions += 1
      waiting.push(event)
    }
    await step()
  }

  async function setAside(row: unknown, reason: string): Promise<BalanceEvent | null> {
    counts.rejected += 1
    await options.onRejected?.({ row, reason })
    const accountId = accountIdOf(row)
    if (accountId === null) return null
    return { kind: 'unreadable', accountId, sequence: readSequence(row) }
  }

  async function moveTo(accountId: string): Promise<void> {
    await endAccount()
    state = balanceDetector.init(accountId)
    counts.accounts += 1
  }

  async function endAccount(): Promise<void> {
    if (state === null) return
    waiting.push({ kind: 'account-end', accountId: state.accountId })
    await step()
  }

  async function step(): Promise<void> {
    if (state === null || waiting.length === 0) return
    const { forgotten } = state
    const taken = balanceDetector.step(state, waiting, context)
    state = taken.state
    counts.forgotten += state.forgotten - forgotten
    waiting = []
    await report.add(taken)
  }

  const progress = (): BalanceProgress => ({ ...counts, findings: report.findingCount })
  return {
    takeIn,
    progress,
    async end() {
      await endAccount()
      const { findings, rules } = report
      return { findings, summary: { ...progress(), rules } }
    },
  }
}

function configOf(
  {
    toleranceMinor = 1n,
    overdraftLimitMinor = 0n,
    orderProven = false,
    rememberedMax,
    reconcilesFrom = 'checkpoint',
    countsRefunds = true,
    tenant,
  }: DetectBalanceDiscrepanciesOptions,
  { hasUniqueIds = false }: LedgerRepository,
): BalanceConfig {
  return {
    toleranceMinor,
    overdraftLimitMinor,
    orderProven,
    rememberedMax: rememberedMax ?? (hasUniqueIds ? 0 : 1_000),
    reconcilesFrom,
    countsRefunds,
    tenant: tenant ?? null,
  }
}

function assertOptions({
  toleranceMinor = 0n,
  overdraftLimitMinor = 0n,
  rememberedMax = 0,
  reconcilesFrom = 'checkpoint',
  batchSize = 1,
  findingsMax = 0,
}: DetectBalanceDiscrepanciesOptions): void {
  assertAmount(FUNCTION, 'toleranceMinor', toleranceMinor)
  assertAmount(FUNCTION, 'overdraftLimitMinor', overdraftLimitMinor)
  if (reconcilesFrom !== 'checkpoint' && reconcilesFrom !== 'zero') {
    throw new InvalidOptionError(FUNCTION, 'reconcilesFrom', '`checkpoint` or `zero`')
  }
  assertWholeNumber(FUNCTION, 'rememberedMax', rememberedMax, { min: 0 })
  assertWholeNumber(FUNCTION, 'batchSize', batchSize, { min: 1 })
  assertWholeNumber(FUNCTION, 'findingsMax', findingsMax, { min: 0 })
}

const FUNCTION = 'detectBalanceDiscrepancies'
