import type { Mapping } from './mapping.ts'

/**
 * PaySim, a simulation of mobile money, seen from the account that each transaction starts at.
 *
 * PaySim names no currency; its amounts have two decimals, so they are counted in an asset of that
 * name. A step is an hour, and many rows share one: it proves no order. PaySim tells no date either,
 * so its first hour is taken to be that of 2026.
 */
export const paysim: Mapping = {
  columns: {
    accountId: 'nameOrig',
    amount: 'amount',
    balanceBefore: 'oldbalanceOrg',
    balanceAfter: 'newbalanceOrig',
  },
  sign: {
    by: 'type',
    column: 'type',
    adds: ['CASH_IN'],
    subtracts: ['PAYMENT', 'TRANSFER', 'CASH_OUT', 'DEBIT'],
  },
  currency: { constant: { code: 'PAYSIM', exponent: 2 } },
  status: { constant: 'completed' },
  time: { format: 'step', column: 'step', stepMs: 3_600_000, start: '2026-01-01T00:00:00Z' },
  orderProven: false,
}
