import { z } from 'zod'

const column = z.string('must be the name of a column').min(1, 'must be the name of a column')
const status = z.enum(['completed', 'failed', 'pending', 'cancelled'])
const ownAsset = z.strictObject({
  code: z.string().regex(/^[!-~]{1,200}$/, 'must be 1 to 200 printable characters without a space'),
  exponent: z.int().min(0).max(100),
})

/** How the columns of a CSV file become the fields of a transaction. */
export const mappingSchema = z.strictObject({
  columns: z.strictObject({
    accountId: column,
    /** A plain decimal in the currency's unit: `12.34`. */
    amount: column,
    /** Without it the number of the line names the transaction: `line-2`. */
    transactionId: column.optional(),
    balanceBefore: column.optional(),
    balanceAfter: column.optional(),
    /** The place of the transaction in its account's order of booking, from the source itself. */
    sequence: column.optional(),
  }),
  /** What tells money that comes from money that goes. */
  sign: z.discriminatedUnion('by', [
    /** The amount carries its sign. */
    z.strictObject({ by: z.literal('amount') }),
    /** Amounts are not negative, and another column says what they do to the account. */
    z
      .strictObject({
        by: z.literal('type'),
        column,
        adds: z.array(z.string()),
        subtracts: z.array(z.string()),
      })
      .refine(
        ({ adds, subtracts }) => !adds.some((type) => subtracts.includes(type)),
        'adds and subtracts may not share a type',
      ),
  ]),
  currency: z.union(
    [
      z.strictObject({ column }),
      /** A code of ISO 4217, or an asset of your own with its number of decimals. */
      z.strictObject({ constant: z.union([z.string(), ownAsset]) }),
    ],
    'must be { "column": … } or { "constant": "EUR" or { "code": …, "exponent": … } }',
  ),
  status: z.union(
    [
      /** A value that is not listed makes a row malformed. */
      z.strictObject({ column, values: z.record(z.string(), status) }),
      z.strictObject({ constant: status }),
    ],
    'must be { "column": …, "values": { … } } or { "constant": … }, with completed, failed, pending or cancelled',
  ),
  time: z.discriminatedUnion('format', [
    /** `2026-06-19T12:00:00Z`: with `Z` or an offset, because without one it could be any hour. */
    z.strictObject({ format: z.literal('iso'), column }),
    z.strictObject({ format: z.literal('epoch-ms'), column }),
    z.strictObject({ format: z.literal('epoch-s'), column }),
    /** Whole steps of `stepMs` milliseconds since `start`. */
    z.strictObject({
      format: z.literal('step'),
      column,
      stepMs: z.int().positive(),
      start: z.iso.datetime({ offset: true }),
    }),
  ]),
  /** Whether the lines stand in the order in which the source booked them; with `sequence` idle. */
  orderProven: z.boolean().default(false),
})

/** A mapping that has been read. */
export type Mapping = z.output<typeof mappingSchema>
