import { z } from 'zod'

/** What the JSON-RPC of Ethereum says, in the shapes of https://ethereum.github.io/execution-apis. */
export const quantitySchema = z
  .string()
  .regex(/^0x[\da-f]{1,64}$/i)
  .transform(BigInt)

const hashSchema = z
  .string()
  .regex(/^0x[\da-f]{64}$/i)
  .transform((hash) => hash.toLowerCase())

const bytesSchema = z.string().regex(/^0x(?:[\da-f]{2})*$/i)

/** What is needed of a block. */
export const blockSchema = z.object({
  number: quantitySchema,
  hash: hashSchema,
  baseFeePerGas: quantitySchema.optional(),
})

/** What is needed of a receipt. */
export const receiptSchema = z.object({
  transactionHash: hashSchema,
  blockNumber: quantitySchema,
  blockHash: hashSchema,
  status: quantitySchema,
  gasUsed: quantitySchema,
  effectiveGasPrice: quantitySchema.optional(),
  logs: z.array(
    z.object({
      address: z.string(),
      topics: z.array(hashSchema),
      data: bytesSchema,
      logIndex: quantitySchema,
    }),
  ),
})

export type RpcReceipt = z.output<typeof receiptSchema>
