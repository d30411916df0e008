import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { LedgerTransactionInput } from '../ledger/ledger-entry.ts'
import { createMemoryLedgerRepository } from '../ledger/memory-ledger-repository.ts'
import { detectBalanceDiscrepancies } from './detect-balance-discrepancies.ts'

// TigerBeetle's state machine vectors: transfers with result codes, and balances that were looked up.
// The data is not part of the repository.
const FILE = join(
  import.meta.dirname,
  '../../../../../shared/data/tigerbeetle/balance_vectors.json',
)

interface Vector {
  readonly test: string
  readonly case: number
  readonly steps: readonly (readonly string[])[]
}

const isThere = existsSync(FILE)
const vectors = isThere ? (JSON.parse(readFileSync(FILE, 'utf8')) as Vector[]) : []
const title =
  'the balances that TigerBeetle looked up are those that its single-phase transfers make'

test.skipIf(!isThere)(`${title}${isThere ? '' : `, skipped: there is no ${FILE}`}`, async () => {
  const lookups = vectors.flatMap(lookupsOf)
  expect(lookups.length).toBeGreaterThanOrEqual(40)
  expect(lookups.filter(({ transactions }) => transactions.length > 0).length).toBeGreaterThan(10)
  for (const lookup of lookups) {
    expect(await discrepancyOf(lookup, 0n), lookup.name).toBe(0n)
    expect(await discrepancyOf(lookup, 2n), lookup.name).toBe(2n)
    expect(await discrepancyOf(lookup, -2n), lookup.name).toBe(-2n)
  }
})

/** An account as it was looked up, and what was posted to it before. */
interface Lookup {
  readonly name: string
  readonly checkpointMinor: bigint
  readonly balanceMinor: bigint
  readonly transactions: readonly LedgerTransactionInput[]
}

async function discrepancyOf(
  { checkpointMinor, balanceMinor, transactions }: Lookup,
  shift: bigint,
): Promise<bigint> {
  const balance = { accountId: 'account', currency: 'L', checkpointMinor, eventTime: 0 }
  const ledger = createMemoryLedgerRepository({
    transactions,
    balances: [{ ...balance, balanceMinor: balanceMinor + shift }],
  })
  const { findings, summary } = await detectBalanceDiscrepancies({ ledger })
  expect(summary.rules['balance.reconciliation'].evaluated).toBe(1)
  const found = findings.find(({ ruleId }) => ruleId === 'balance.reconciliation')
  return found?.amount?.amountMinor ?? 0n
}

/** What is known of a case while its steps are read. */
interface Books {
  readonly legs: Map<string, LedgerTransactionInput[]>
  /** The accounts of transfers that were only reserved, by their ids. */
  readonly reserved: Map<string, readonly string[]>
  /** Accounts to which a second phase, or a transfer that chose its own amount, has posted something. */
  readonly tainted: Set<string>
}

function lookupsOf(vector: Vector): Lookup[] {
  const books: Books = { legs: new Map(), reserved: new Map(), tainted: new Set() }
  const checkpoints = new Map<string, bigint>()
  const lookups: Lookup[] = []

  for (const step of vector.steps) {
    if (step[0] === 'setup') checkpoints.set(step[1]!, postedOf(step))
    if (step[0] === 'transfer') post(step, books)
    // An account that does not exist has no balances.
    if (step[0] !== 'lookup_account' || step.length !== 7 || books.tainted.has(step[1]!)) continue
    lookups.push({
      name: `${vector.test} ${vector.case}: ${step.join(' ')}`,
      checkpointMinor: checkpoints.get(step[1]!) ?? 0n,
      balanceMinor: postedOf(step),
      transactions: [...(books.legs.get(step[1]!) ?? [])],
    })
  }
  return lookups
}

function post(step: readonly string[], { legs, reserved, tainted }: Books): void {
  const [, id = '', debit = '', credit = '', amount = '', pendingId = ''] = step
  const isCreated = step.at(-1) === 'created'
  if (isCreated && step.includes('PEN')) {
    reserved.set(id, [debit, credit])
    return
  }
  if (isCreated && step.includes('POS')) {
    for (const account of reserved.get(pendingId) ?? []) tainted.add(account)
    return
  }
  if (isCreated && (step.includes('BDR') || step.includes('BCR'))) {
    tainted.add(debit).add(credit)
    return
  }
  if (step.includes('VOI')) return
  addLeg(legs, debit, { id, isCreated, amountMinor: -amountOf(amount) })
  addLeg(legs, credit, { id, isCreated, amountMinor: amountOf(amount) })
}

function addLeg(
  legs: Books['legs'],
  account: string,
  leg: { readonly id: string; readonly isCreated: boolean; readonly amountMinor: bigint },
): void {
  const of = legs.get(account) ?? []
  legs.set(account, of)
  of.push({
    // A transfer that was refused may be sent again under its id.
    transactionId: `${leg.id}-${of.length}`,
    accountId: 'account',
    status: leg.isCreated ? 'completed' : 'failed',
    amountMinor: leg.amountMinor,
    currency: 'L',
    eventTime: 0,
  })
}

/** Credits less debits, both posted. */
function postedOf([, , , debits = '', , credits = '']: readonly string[]): bigint {
  return amountOf(credits) - amountOf(debits)
}

/** `-N` stands for N less than the greatest number of 128 bits, and `_` for what was left out. */
function amountOf(text: string): bigint {
  if (text === '_') return 0n
  return text.startsWith('-') ? 2n ** 128n - 1n - BigInt(text.slice(1)) : BigInt(text)
}
