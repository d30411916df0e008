import { describe, expect, it } from 'vitest'

import { compileMatches, faultOfPattern, type LabelMatch } from './label-match.ts'

describe('compileMatches', () => {
  it.each<[LabelMatch, string | undefined, boolean]>([
    ['api', 'api', true],
    ['api', 'api2', false],
    ['', undefined, true],
    ['', 'api', false],
    [{ not: 'api' }, 'api', false],
    [{ not: 'api' }, undefined, true],
    [{ not: '' }, undefined, false],
    [{ matches: '5..' }, '503', true],
    [{ matches: '5..' }, '1503', false],
    [{ matches: '5..|4..' }, '4040', false],
    [{ matches: '.*' }, undefined, true],
    [{ matches: '.+' }, undefined, false],
    [{ notMatches: '5..' }, '503', false],
    [{ notMatches: '5..' }, undefined, true],
  ])('%o for %o: %s', (match, value, expected) => {
    const labels: Record<string, string> = value === undefined ? {} : { label: value }
    expect(compileMatches({ label: match })(labels)).toBe(expected)
  })

  it('requires all labels to match', () => {
    const matches = compileMatches({ job: 'api', status: { matches: '5..' } })
    expect(matches({ job: 'api', status: '500' })).toBe(true)
    expect(matches({ job: 'api', status: '200' })).toBe(false)
    expect(matches({ job: 'web', status: '500' })).toBe(false)
  })

  it('takes a label named like a property of every object for missing', () => {
    expect(compileMatches({ constructor: 'x' })({ job: 'api' })).toBe(false)
    expect(compileMatches({ constructor: '' })({ job: 'api' })).toBe(true)
  })
})

describe('faultOfPattern', () => {
  it.each(['5..', '(?:a|b)+', '[^a-z]\\d{2,3}', 'a\\.b', '\\w+'])('takes %s', (pattern) => {
    expect(faultOfPattern(pattern)).toBeUndefined()
  })

  it('takes an escaped backslash for a character of its own, whatever follows it', () => {
    expect(faultOfPattern(String.raw`C:\\new\\1`)).toBeUndefined()
    expect(faultOfPattern(String.raw`\\\new`)).toMatch(/only escapes/)
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
    '(a)\\1',
    '\\pL',
    '\\bx',
    '\\u0041',
  ])('refuses %s', (pattern) => {
    expect(faultOfPattern(pattern)).toMatch(/^a pattern/)
  })
})
