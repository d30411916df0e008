import fc from 'fast-check'
import { expect, it } from 'vitest'

import {
  beginRow,
  createSampleTable,
  enterSample,
  findSpan,
  isPresent,
  resizeTable,
  sampleAt,
} from './sample-table.ts'

const COLUMNS = 3
const row = fc.array(fc.option(fc.integer({ min: 0, max: 5 })), {
  minLength: COLUMNS,
  maxLength: COLUMNS,
})

it('finds the same samples as a list of all that were entered', () => {
  const rows = fc.array(row, { maxLength: 40 })
  fc.assert(
    fc.property(rows, fc.nat(40), fc.nat(45), fc.nat(40), (samples, first, end, growAt) => {
      const table = createSampleTable()
      resizeTable(table, 8, 1)
      for (const [tick, values] of samples.entries()) {
        if (tick === growAt) resizeTable(table, 16, COLUMNS)
        beginRow(table)
        for (const [column, value] of values.entries()) {
          if (value !== null && column < table.columnCapacity) enterSample(table, column, value)
        }
      }
      for (let column = 0; column < table.columnCapacity; column += 1) {
        const known = samples
          .map((values, tick) => ({ tick, value: values[column] ?? null }))
          .filter(({ tick, value }) => value !== null && tick >= table.startTick)
          // A column that was not there yet could not be entered.
          .filter(({ tick }) => column === 0 || tick >= growAt)
        const wanted = known.filter(({ tick }) => tick >= first && tick < end)
        const span = { first: -1, last: -1, count: -1 }
        findSpan(table, column, first, end, span)
        expect(span.count).toBe(wanted.length)
        if (wanted.length === 0) continue
        expect([span.first, span.last]).toEqual([wanted[0]!.tick, wanted.at(-1)!.tick])
        const found = Array.from({ length: samples.length }, (_, tick) => tick)
          .filter((tick) => isPresent(table, column, tick))
          .map((tick) => ({ tick, value: sampleAt(table, column, tick) }))
        expect(found).toEqual(known)
      }
    }),
    { numRuns: 300 },
  )
})
