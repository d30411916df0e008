// oxlint-disable unicorn/no-thenable -- what looks like a promise and is none is what is tested
import { setImmediate } from 'node:timers/promises'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { tellQuietly } from './tell-quietly.ts'

describe('a bystander', () => {
  const onUnhandled = vi.fn<(error: unknown) => void>()

  beforeEach(() => void process.on('unhandledRejection', onUnhandled))
  afterEach(() => {
    process.off('unhandledRejection', onUnhandled)
    onUnhandled.mockClear()
  })

  const broken = new Error('The listener broke.')
  const fail = (): never => {
    throw broken
  }
  test.each<[string, () => unknown]>([
    ['throws', fail],
    [
      'throws nothing in particular',
      () => {
        throw undefined
      },
    ],
    ['rejects', () => Promise.reject(broken)],
    [
      'returns a thenable that rejects',
      () => ({ then: (_: unknown, no: (error: Error) => void) => no(broken) }),
    ],
    ['returns a thenable that throws', () => ({ then: fail })],
    [
      'returns what cannot even be looked at',
      () => Object.defineProperty({}, 'then', { get: fail }),
    ],
  ])('that %s is not heard of', async (_, tell) => {
    const told = vi.fn<() => unknown>(tell)
    expect(tellQuietly(told)).toBeUndefined()
    await setImmediate()
    expect(told).toHaveBeenCalledOnce()
    expect(onUnhandled).not.toHaveBeenCalled()
  })
})
