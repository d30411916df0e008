import { expect, it, vi } from 'vitest'

import { systemRandom } from './random.ts'

it('asks the host at each call, so that a host may replace its source', () => {
  const source = vi.spyOn(Math, 'random').mockReturnValueOnce(0.25).mockReturnValueOnce(0.75)
  expect([systemRandom(), systemRandom()]).toEqual([0.25, 0.75])
  source.mockRestore()
})
