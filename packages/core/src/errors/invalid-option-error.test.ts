import { describe, expect, it } from 'vitest'

import { isAssayError } from './assay-error.ts'
import { assertDurationMs, assertWholeNumber, InvalidOptionError } from './invalid-option-error.ts'

describe('InvalidOptionError', () => {
  it('names the factory, the option and the requirement', () => {
    const error = new InvalidOptionError('retry', 'delayMs', 'at least 0')
    expect(isAssayError(error, 'INVALID_OPTION')).toBe(true)
    expect(error).toMatchObject({
      name: 'InvalidOptionError',
      message: 'retry: `delayMs` must be at least 0.',
      retry: 'never',
      context: { factory: 'retry', option: 'delayMs' },
    })
  })
})

describe('assertWholeNumber', () => {
  it.each([1, 2, Number.MAX_SAFE_INTEGER])('passes %d', (value) => {
    expect(() => assertWholeNumber('f', 'o', value, { min: 1 })).not.toThrow()
  })

  it.each([0, -1, 1.5, Number.NaN, Infinity, -Infinity, 2 ** 53, '5', 5n, null, undefined, {}])(
    'refuses %s',
    (value) => {
      expect(() => assertWholeNumber('f', 'o', value as number, { min: 1 })).toThrow(
        'f: `o` must be a whole number of at least 1.',
      )
    },
  )

  it('passes Infinity where it is allowed, and says so when it refuses something else', () => {
    const options = { min: 0, allowInfinity: true }
    expect(() => assertWholeNumber('f', 'o', Infinity, options)).not.toThrow()
    expect(() => assertWholeNumber('f', 'o', -Infinity, options)).toThrow(
      'f: `o` must be a whole number of at least 0, or Infinity.',
    )
  })
})

describe('assertDurationMs', () => {
  it.each([0, 0.5, Number.MAX_VALUE])('passes %d', (value) => {
    expect(() => assertDurationMs('f', 'o', value)).not.toThrow()
  })

  it.each([-1, Number.NaN, Infinity, -Infinity, '5', 5n, null, undefined, {}])(
    'refuses %s',
    (value) => {
      expect(() => assertDurationMs('f', 'o', value as number)).toThrow(
        'f: `o` must be a finite number of milliseconds, at least 0.',
      )
    },
  )

  it('takes another least value', () => {
    expect(() => assertDurationMs('f', 'o', 1, { min: 1 })).not.toThrow()
    expect(() => assertDurationMs('f', 'o', 0.9, { min: 1 })).toThrow('at least 1.')
  })
})
