import { createTestClock } from '@assay/core/testing'
import { describe, expect, it } from 'vitest'

import { createProgress } from './create-progress.ts'

function setUp(isTTY: boolean) {
  const clock = createTestClock()
  let written = ''
  const stream = { isTTY, write: (text: string) => void (written += text) }
  return { clock, progress: createProgress(stream, clock), written: () => written }
}

describe('createProgress', () => {
  it('draws a bar over itself on a terminal, ten times a second at most', async () => {
    const { clock, progress, written } = setUp(true)

    progress.show('read 10 rows', 0.5)
    progress.show('read 11 rows', 0.55)
    await clock.advance(100)
    progress.show('read 20 rows', 1)
    progress.end()

    const half = `[${'█'.repeat(12)}${'░'.repeat(12)}] read 10 rows (50 %)`
    const whole = `[${'█'.repeat(24)}] read 20 rows (100 %)`
    expect(written()).toBe(`${half}\r\u{1b}[2K${whole}\r\u{1b}[2K`)
  })

  it('removes the bar before a line that stays', () => {
    const { progress, written } = setUp(true)

    progress.show('reading', null)
    progress.note('line 7: malformed')

    expect(written()).toBe(`[${'░'.repeat(24)}] reading\r\u{1b}[2Kline 7: malformed\n`)
  })

  it('writes plain lines every five seconds elsewhere', async () => {
    const { clock, progress, written } = setUp(false)

    progress.show('read 10 rows', 0.129)
    await clock.advance(4_999)
    progress.show('read 20 rows', 0.2)
    await clock.advance(1)
    progress.show('read 30 rows', null)
    progress.end()

    expect(written()).toBe('read 10 rows (12 %)\nread 30 rows\n')
  })
})
