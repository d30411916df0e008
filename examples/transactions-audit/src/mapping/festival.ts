import type { Mapping } from './mapping.ts'

/** The generated festival day, as `npm start -- --csv FILE` writes it. */
export const festival: Mapping = {
  columns: {
    transactionId: 'transaction_id',
    accountId: 'card_id',
    amount: 'amount',
    balanceBefore: 'balance_before',
    balanceAfter: 'balance_after',
    sequence: 'sequence',
  },
  sign: { by: 'amount' },
  currency: { column: 'currency' },
  status: {
    column: 'status',
    values: {
      completed: 'completed',
      failed: 'failed',
      pending: 'pending',
      cancelled: 'cancelled',
    },
  },
  time: { format: 'iso', column: 'booked_at' },
  orderProven: false,
}
