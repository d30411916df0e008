import { describe, expect, it } from 'vitest'

import { formatTable } from './format-table.ts'

describe('formatTable', () => {
  it('sets numbers to the right and text to the left', () => {
    expect(
      formatTable([
        ['rule', 'findings', 'because'],
        ['a.long.rule', '1,234', ''],
        ['short', '7', 'reason'],
      ]),
    ).toBe(
      [
        'rule          findings   because',
        'a.long.rule      1,234',
        'short                7   reason',
      ].join('\n'),
    )
  })
})
