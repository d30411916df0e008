import type { Logger as PinoLogger } from 'pino'
import { expectTypeOf, it } from 'vitest'

import type { Logger } from './logger.ts'

it('takes a pino logger, with levels of its own too', () => {
  expectTypeOf<PinoLogger>().toExtend<Logger>()
  expectTypeOf<PinoLogger<'audit'>>().toExtend<Logger>()
})

it('takes anything with the four methods, and nothing with fewer', () => {
  expectTypeOf<Record<'debug' | 'info' | 'warn' | 'error', () => void>>().toExtend<Logger>()
  expectTypeOf<Console>().toExtend<Logger>()
  expectTypeOf<Record<'info' | 'warn' | 'error', () => void>>().not.toExtend<Logger>()
})

it('wants the facts before the message, as pino does', () => {
  expectTypeOf<Logger['error']>().parameters.toEqualTypeOf<[facts: object, message: string]>()
})
