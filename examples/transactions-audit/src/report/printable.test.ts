import { describe, expect, it } from 'vitest'

import { printable } from './printable.ts'

describe('printable', () => {
  it('shows every character that could move the cursor, colour the screen or turn the text', () => {
    expect(printable('a\u{1b}[31m\r\n\0\u{7f}\u{9b}\u{202e}\u{2028}')).toBe(
      'a\\u{1b}[31m\\u{d}\\u{a}\\u{0}\\u{7f}\\u{9b}\\u{202e}\\u{2028}',
    )
  })

  it('leaves letters of every script alone', () => {
    expect(printable('Zoë 山 😀 =1+1')).toBe('Zoë 山 😀 =1+1')
  })

  it('cuts what is long', () => {
    expect(printable('x'.repeat(1_000_000))).toBe(`${'x'.repeat(79)}…`)
    expect(printable('xyz', 2)).toBe('x…')
  })
})
