import { describe, expect, it } from 'vitest'

import { compileMatches, type LabelMatch } from './label-match.ts'

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
    expect(compileMatches({ label: match }, 'left-open')(labels)).toBe(expected)
  })

  it('requires all labels to match', () => {
    const matches = compileMatches({ job: 'api', status: { matches: '5..' } }, 'left-open')
    expect(matches({ job: 'api', status: '500' })).toBe(true)
    expect(matches({ job: 'api', status: '200' })).toBe(false)
    expect(matches({ job: 'web', status: '500' })).toBe(false)
  })

  it('has a dot stand for a line break where Prometheus 3 does, and not before', () => {
    const where = { path: { matches: 'a.b' } }
    const seen = ['a\u2028b', 'a\rb', 'a\nb'].map((path) => [
      compileMatches(where, 'closed')({ path }),
      compileMatches(where, 'left-open')({ path }),
    ])
    expect(seen).toEqual([
      [true, true],
      [true, true],
      [false, true],
    ])
  })

  it('takes a label named like a property of every object for missing', () => {
    expect(compileMatches({ constructor: 'x' }, 'left-open')({ job: 'api' })).toBe(false)
    expect(compileMatches({ constructor: '' }, 'left-open')({ job: 'api' })).toBe(true)
  })
})
