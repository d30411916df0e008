import { describe, expect, it } from 'vitest'

import { faultOfPattern } from './label-pattern.ts'

describe('faultOfPattern', () => {
  it.each([
    '5..',
    '(?:a|b)+',
    '[^a-z]\\d{2,3}',
    'a\\.b',
    '\\w+',
    '\\n|\\t',
    '[(?=]',
    '[[x]',
    '(?:a{3}b?){333}',
    '(?:a{0}){1000}',
    'a{1000,}',
  ])('takes %j', (pattern) => {
    expect(faultOfPattern(pattern)).toBeUndefined()
  })

  it('takes an escaped backslash for a character of its own, whatever follows it', () => {
    expect(faultOfPattern(String.raw`C:\\new\\1`)).toBeUndefined()
    expect(faultOfPattern(String.raw`\\\sew`)).toMatch(/only escapes/)
  })

  it('takes an escaped parenthesis that may be missing', () => {
    expect(faultOfPattern(String.raw`f\(?x\)?`)).toBeUndefined()
    expect(faultOfPattern(String.raw`\\(?=x)`)).toMatch(/without look-around/)
  })

  it.each([
    '(',
    '(?=a)',
    '(?!a)',
    '(?<=a)',
    '(?<name>a)',
    '(?i)a',
    // Empty classes, which RE2 reads on from.
    '[]',
    '[^]',
    '[][a]',
    '[[:alpha:]',
    // More repetition than RE2 takes.
    'a{1001}',
    'a{1001,}',
    'a{0,1001}',
    '(a{500}){500}',
    '(?:a{3}b?){334}',
    '((a{11}){11}|b){11}',
    'a)|(?:b',
    '\ud800',
    '(a)\\1',
    '\\pL',
    '\\bx',
    '\\u0041',
  ])('refuses %j', (pattern) => {
    expect(faultOfPattern(pattern)).toMatch(/^a pattern/)
  })

  it('refuses what RE2 would need too much memory for', () => {
    const nested = (depth: number): string => `${'(?:'.repeat(depth)}a${')'.repeat(depth)}`
    expect(faultOfPattern(nested(100))).toBeUndefined()
    expect(faultOfPattern(nested(101))).toMatch(/levels/)
    expect(faultOfPattern(`(?:${'a'.repeat(900)}){1000}`)).toBeUndefined()
    expect(faultOfPattern(`(?:${'a'.repeat(1_000)}){1000}`)).toMatch(/shorter/)
    expect(faultOfPattern('name|'.repeat(10_000))).toBeUndefined()
  })
})
