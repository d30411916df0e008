import { existsSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { openTransactions } from '../read-transactions.ts'
import { paysim } from './paysim.ts'

const FILE = new URL('../../../../../shared/data/paysim/paysim_first20k.csv.gz', import.meta.url)
const isThere = existsSync(FILE)

describe(`PaySim${isThere ? '' : `, skipped: there is no ${FILE.pathname}`}`, () => {
  it.skipIf(!isThere)(
    'has 1,329 rows that are one cent off, and 687 that floats judge wrongly',
    async () => {
      const file = await openTransactions({
        path: FILE.pathname,
        named: { name: 'paysim', mapping: paysim },
        onReject: async () => {},
      })
      const counts = { beyondACent: 0, oneCent: 0, misjudgedByFloats: 0 }
      for await (const batch of file.batches()) {
        for (const { transaction } of batch) {
          const before = transaction.balanceBeforeMinor ?? 0n
          const after = transaction.balanceAfterMinor ?? 0n
          const moved = transaction.amountMinor
          const difference = before + moved - after
          const isBeyond = difference > 1n || difference < -1n
          // Cents divided by 100 are the float that reading the decimal would give.
          const asFloat = (minor: bigint): number => Number(minor) / 100
          const floatDifference = asFloat(before) + asFloat(moved) - asFloat(after)

          if (isBeyond) counts.beyondACent += 1
          else if (difference !== 0n) counts.oneCent += 1
          if (Math.abs(floatDifference) > 0.01 !== isBeyond) counts.misjudgedByFloats += 1
        }
      }

      expect(counts).toEqual({ beyondACent: 9_049, oneCent: 1_329, misjudgedByFloats: 687 })
    },
  )
})
