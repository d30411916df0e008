import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { cleanLine, cleanText, fitText, jsonBytes } from './fit-text.ts'

const anyText = fc.string({ unit: 'binary', maxLength: 60 })
const entity = (character: string): string => (character === '&' ? '&amp;' : character)

describe('cleanText', () => {
  it('takes out what controls a terminal, hides text or reorders it', () => {
    expect(cleanText('\u001b[2Ja\u0000b\u202ec\u200bd\ufeff\u{e0041}\te', 100)).toBe('[2Jabcd e')
  })

  it('keeps line breaks as line feeds, and what emoji are joined by', () => {
    expect(cleanText(' a\r\nb\rc\u2028d\u0085e ', 100)).toBe('a\nb\nc\nd\ne')
    expect(cleanText('👩\u200d🚀', 100)).toBe('👩\u200d🚀')
  })

  it('cuts before it looks, and not through a surrogate pair', () => {
    expect(cleanText('abc😀def', 5)).toBe('abc…')
    expect(cleanText('abc😀def', 6)).toBe('abc😀…')
    expect(cleanText('abc😀', 5)).toBe('abc😀')
  })

  it('puts half a surrogate pair right', () => {
    expect(cleanText('a\ud83db', 100)).toBe('a\ufffdb')
  })

  it('never exceeds its length and is well-formed, whatever comes', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 50 }), (text, lengthMax) => {
        const clean = cleanText(text, lengthMax)
        expect(clean.length).toBeLessThanOrEqual(lengthMax)
        expect(clean.isWellFormed()).toBe(true)
      }),
    )
  })
})

describe('cleanLine', () => {
  it('puts all on one line', () => {
    expect(cleanLine(' a\r\n\tb  c ', 100)).toBe('a b c')
  })
})

describe('fitText', () => {
  it('leaves alone what fits', () => {
    expect(fitText('abcde', 5)).toBe('abcde')
    expect(fitText('', 5)).toBe('')
  })

  it('marks what it cuts, within the length', () => {
    expect(fitText('abcdef', 5)).toBe('abcd…')
    expect(fitText('abcdef', 1)).toBe('…')
    expect(fitText('abcdef', 0)).toBe('')
  })

  it('cuts neither an escape sequence nor a surrogate pair', () => {
    expect(fitText('ab&&', 10, entity)).toBe('ab&amp;…')
    expect(fitText('ab&&', 12, entity)).toBe('ab&amp;&amp;')
    expect(fitText('abc😀d', 5)).toBe('abc…')
  })

  it('gives a beginning of the escaped text, whatever comes', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 0, max: 70 }), (text, lengthMax) => {
        const whole = Array.from(text, entity).join('')
        const fitted = fitText(text, lengthMax, entity)
        expect(fitted.length).toBeLessThanOrEqual(lengthMax)
        if (whole.length <= lengthMax) expect(fitted).toBe(whole)
        else expect(whole.startsWith(fitted.replace(/…$/, ''))).toBe(true)
      }),
    )
  })
})

it('counts bytes of JSON in UTF-8', () => {
  expect(jsonBytes({ a: '€' })).toBe('{"a":""}'.length + 3)
})
