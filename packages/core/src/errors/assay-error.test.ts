import { readFileSync } from 'node:fs'

import { describe, expect, it, vi } from 'vitest'

import { AssayError, isAssayError, type RetryAdvice } from './assay-error.ts'

const mismatch = (): AssayError<'MONEY_CURRENCY_MISMATCH', { left: string; right: string }> =>
  new AssayError('MONEY_CURRENCY_MISMATCH', {
    message: 'Amounts in EUR and USD cannot be added.',
    retry: 'never',
    context: { left: 'EUR', right: 'USD' },
  })

describe('AssayError', () => {
  it('is an Error with a sentence, a code, facts and an advice', () => {
    const error = mismatch()
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe('AssayError')
    expect(error.message).toBe('Amounts in EUR and USD cannot be added.')
    expect(error.code).toBe('MONEY_CURRENCY_MISMATCH')
    expect(error.context).toEqual({ left: 'EUR', right: 'USD' })
    expect(error.retry).toBe('never')
    expect(error.stack).toContain('assay-error.test.ts')
  })

  it('copies its facts and freezes the copy', () => {
    const context = { attempts: 3 }
    const error = new AssayError('NODE_BUSY', { message: 'Busy.', retry: 'safe', context })
    context.attempts = 4
    expect(error.context).toEqual({ attempts: 3 })
    expect(Object.isFrozen(error.context)).toBe(true)
    expect(Object.isFrozen(context)).toBe(false)
  })

  it('has no facts where none are given', () => {
    const error = new AssayError('NODE_BUSY', { message: 'Busy.', retry: 'safe' })
    expect(error.context).toEqual({})
    expect(Object.isFrozen(error.context)).toBe(true)
  })

  it('keeps what was thrown below as it is, and out of its message', () => {
    for (const cause of [new Error('https://node.example/?key=secret'), 'a string', null]) {
      const error = new AssayError('NODE_BUSY', { message: 'Busy.', retry: 'safe', cause })
      expect(error.cause).toBe(cause)
      expect(error.message).toBe('Busy.')
    }
  })

  it('has no cause where none is given', () => {
    expect('cause' in mismatch()).toBe(false)
  })

  it('links to the heading of its code in docs/errors.md', () => {
    const docs = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8')
    const headings = [...docs.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading)
    expect(headings).toContain('INVALID_OPTION')
    for (const code of headings) {
      const { docsUrl } = new AssayError(code, { message: 'A sentence.', retry: 'never' })
      expect(docsUrl).toMatch(/^https:\/\/.+\/docs\/errors\.md#/)
      expect(docsUrl.split('#')[1]).toBe(githubAnchor(code))
    }
  })
})

/** How GitHub names the anchor of a heading: lower case, no punctuation, hyphens for spaces. */
function githubAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-')
}

describe('isAssayError', () => {
  it('recognises an error, and its code where one is asked for', () => {
    expect(isAssayError(mismatch())).toBe(true)
    expect(isAssayError(mismatch(), 'MONEY_CURRENCY_MISMATCH')).toBe(true)
    expect(isAssayError(mismatch(), 'NODE_BUSY')).toBe(false)
  })

  it('recognises what extends it', () => {
    class NodeBusyError extends AssayError<'NODE_BUSY'> {
      override readonly name = 'NodeBusyError'
      constructor() {
        super('NODE_BUSY', { message: 'Busy.', retry: 'safe' })
      }
    }
    expect(isAssayError(new NodeBusyError(), 'NODE_BUSY')).toBe(true)
  })

  it('recognises the error of another copy of this package', async () => {
    vi.resetModules()
    const copy = await import('./assay-error.ts')
    expect(copy.AssayError).not.toBe(AssayError)

    const theirs = new copy.AssayError('NODE_BUSY', { message: 'Busy.', retry: 'safe' })
    expect(theirs).not.toBeInstanceOf(AssayError)
    expect(isAssayError(theirs, 'NODE_BUSY')).toBe(true)
    expect(copy.isAssayError(mismatch(), 'MONEY_CURRENCY_MISMATCH')).toBe(true)
  })

  it('takes nothing else for one, however alike', () => {
    const alike = Object.assign(new Error('Amounts cannot be added.'), {
      name: 'AssayError',
      code: 'MONEY_CURRENCY_MISMATCH',
      context: {},
      retry: 'never',
    })
    const others = [
      undefined,
      null,
      0,
      '',
      'NODE_BUSY',
      Symbol('x'),
      () => {},
      new Error('x'),
      alike,
    ]
    for (const other of [...others, Object.create(null)]) {
      expect(isAssayError(other)).toBe(false)
      expect(isAssayError(other, 'MONEY_CURRENCY_MISMATCH')).toBe(false)
    }
  })

  it('narrows what was caught', () => {
    const caught: unknown = mismatch()
    const advice: RetryAdvice | undefined = isAssayError(caught) ? caught.retry : undefined
    expect(advice).toBe('never')
  })
})
