import { findingFingerprint } from '../detector/finding-fingerprint.ts'
import { type Finding, NAMED_MAX } from '../detector/finding.ts'
import { passOver, type Verdicts } from '../detector/in-event-order.ts'
import type { LedgerTransaction, TransactionId } from '../ledger/ledger-entry.ts'
import type { TransactionFailureConfig } from './transaction-failure-config.ts'
import {
  type AccountFailureRuleId,
  TRANSACTION_FAILURE_VERSION,
  type TransactionFailureReason,
} from './transaction-failure-rule.ts'
import type { OpenCharge, TransactionFailureState } from './transaction-failure-state.ts'

type FailureVerdicts = Verdicts<AccountFailureRuleId, TransactionFailureReason>
type Transaction = LedgerTransaction & { readonly kind: 'transaction' }

const CHARGED = 'transactions.charged-on-failure'
const CREDITED = 'transactions.credited-on-failure'

/** Judges whether a failed transaction moved the balance all the same. */
export function judgeCharge(
  state: TransactionFailureState,
  transaction: Transaction,
  verdicts: FailureVerdicts,
  config: TransactionFailureConfig,
): void {
  const { balanceBeforeMinor: before, balanceAfterMinor: after } = transaction
  if (before === null || after === null) {
    passOver(verdicts, CHARGED, 'balance-missing', transaction)
    passOver(verdicts, CREDITED, 'balance-missing', transaction)
    return
  }
  verdicts.evaluated[CHARGED] += 1
  verdicts.evaluated[CREDITED] += 1
  if (before === after) return
  // The finding of this transaction is open already, and would be the same.
  if (state.charges?.has(transaction.transactionId) === true) return

  const isCharge = after < before || config.chargedWhen === 'balance-changed'
  const charge = takeEarlyReversal(state, transaction, verdicts, {
    ruleId: isCharge ? CHARGED : CREDITED,
    currency: transaction.currency,
    owedMinor: before - after,
    reversedMinor: 0n,
    reversals: 0,
    reversedBy: [],
  })
  verdicts.findings.push(
    findingOf('open', transaction.transactionId, charge, transaction, config, {
      balanceBeforeMinor: String(before),
      balanceAfterMinor: String(after),
      amountMinor: String(transaction.amountMinor),
    }),
  )
  if (isMadeGood(charge)) {
    verdicts.findings.push(resolved(transaction.transactionId, charge, transaction, config))
  } else {
    watch(state, transaction, charge, verdicts, config)
  }
}

/** Counts a completed transaction towards the one that it makes good. */
export function judgeReversal(
  state: TransactionFailureState,
  transaction: Transaction,
  reversedId: TransactionId,
  verdicts: FailureVerdicts,
  config: TransactionFailureConfig,
): void {
  const charge = state.charges?.get(reversedId)
  if (charge === undefined) {
    rememberReversal(state, transaction, reversedId, config)
    return
  }
  if (charge.currency !== transaction.currency) {
    passOver(verdicts, charge.ruleId, 'reversal-mixed-currency', transaction)
    return
  }
  addReversal(charge, transaction)
  if (!isMadeGood(charge)) return
  verdicts.findings.push(resolved(reversedId, charge, transaction, config))
  state.charges?.delete(reversedId)
  if (state.charges?.size === 0) state.charges = null
}

interface Reversed {
  reversedMinor: bigint
  reversals: number
  readonly reversedBy: TransactionId[]
}

function addReversal(reversed: Reversed, { amountMinor, transactionId }: Transaction): void {
  reversed.reversedMinor += amountMinor
  reversed.reversals += 1
  if (reversed.reversedBy.length < NAMED_MAX - 1) reversed.reversedBy.push(transactionId)
}

function isMadeGood({ owedMinor, reversedMinor }: OpenCharge): boolean {
  return owedMinor > 0n ? reversedMinor >= owedMinor : reversedMinor <= owedMinor
}

/** A reversal may be booked under an earlier time than what it reverses. */
function rememberReversal(
  state: TransactionFailureState,
  transaction: Transaction,
  reversedId: TransactionId,
  { earlyReversalsMax }: TransactionFailureConfig,
): void {
  if (earlyReversalsMax === 0) return
  const { currency } = transaction
  state.earlyReversals ??= new Map()
  let early = state.earlyReversals.get(reversedId)
  if (early === undefined) {
    early = { currency, reversedMinor: 0n, reversals: 0, reversedBy: [] }
    state.earlyReversals.set(reversedId, early)
    if (state.earlyReversals.size > earlyReversalsMax) dropOldest(state.earlyReversals)
  }
  if (early.currency === currency) addReversal(early, transaction)
}

function takeEarlyReversal(
  state: TransactionFailureState,
  transaction: Transaction,
  verdicts: FailureVerdicts,
  charge: OpenCharge,
): OpenCharge {
  const early = state.earlyReversals?.get(transaction.transactionId)
  if (early === undefined) return charge
  state.earlyReversals?.delete(transaction.transactionId)
  if (state.earlyReversals?.size === 0) state.earlyReversals = null
  if (early.currency !== charge.currency) {
    passOver(verdicts, charge.ruleId, 'reversal-mixed-currency', transaction)
    return charge
  }
  const { reversedMinor, reversals, reversedBy } = early
  return { ...charge, reversedMinor, reversals, reversedBy }
}

function watch(
  state: TransactionFailureState,
  transaction: Transaction,
  charge: OpenCharge,
  verdicts: FailureVerdicts,
  { openChargesMax }: TransactionFailureConfig,
): void {
  state.charges ??= new Map()
  state.charges.set(transaction.transactionId, charge)
  if (state.charges.size <= openChargesMax) return
  const forgotten = dropOldest(state.charges)
  if (forgotten === null) return
  verdicts.notEvaluable.push({
    ruleId: forgotten.value.ruleId,
    reason: 'charge-forgotten',
    subject: transaction.accountId,
    transactionId: forgotten.key,
  })
}

function dropOldest<Key, Value>(
  map: Map<Key, Value>,
): { readonly key: Key; readonly value: Value } | null {
  for (const [key, value] of map) {
    map.delete(key)
    return { key, value }
  }
  return null
}

function resolved(
  transactionId: TransactionId,
  charge: OpenCharge,
  transaction: Transaction,
  config: TransactionFailureConfig,
): Finding<AccountFailureRuleId> {
  return findingOf('resolve', transactionId, charge, transaction, config, {
    reversedMinor: String(charge.reversedMinor),
    reversals: charge.reversals,
  })
}

/** @param event what opens or ends the finding */
function findingOf(
  action: 'open' | 'resolve',
  transactionId: TransactionId,
  { ruleId, owedMinor, currency, reversedBy }: OpenCharge,
  event: Transaction,
  { tenant }: TransactionFailureConfig,
  evidence: Finding['evidence'],
): Finding<AccountFailureRuleId> {
  const { accountId, eventTime } = event
  return {
    fingerprint: findingFingerprint(ruleId, tenant, [accountId, transactionId]),
    ruleId,
    ruleVersion: TRANSACTION_FAILURE_VERSION,
    severity: ruleId === CHARGED ? 'critical' : 'high',
    action,
    subject: accountId,
    transactionIds: action === 'open' ? [transactionId] : [transactionId, ...reversedBy],
    amount: { amountMinor: owedMinor, currency },
    eventTime,
    confidence: 1,
    evidence,
  }
}
