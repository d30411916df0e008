import { expectTypeOf, test } from 'vitest'

import type {
  AccountId,
  LedgerEntry,
  LedgerEntryInput,
  LedgerTransaction,
  LedgerTransactionInput,
  TransactionId,
} from './ledger-entry.ts'

test('a parsed row can be handed in again', () => {
  expectTypeOf<LedgerTransaction>().toExtend<LedgerTransactionInput>()
  expectTypeOf<LedgerEntry>().toExtend<LedgerEntryInput>()
})

test('names of accounts and of transactions cannot be mixed, nor made of any string', () => {
  expectTypeOf<AccountId>().toExtend<string>()
  expectTypeOf<string>().not.toExtend<AccountId>()
  expectTypeOf<AccountId>().not.toExtend<TransactionId>()
})

test('an amount is never a number', () => {
  expectTypeOf<number>().not.toExtend<LedgerTransactionInput['amountMinor']>()
  expectTypeOf<LedgerTransaction['amountMinor']>().toEqualTypeOf<bigint>()
})
