import { pino } from 'pino'
import { expect, it, vi } from 'vitest'

import { type Logger, silentLogger } from './logger.ts'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

it('is silent by default', () => {
  const written = [
    vi.spyOn(process.stdout, 'write').mockReturnValue(true),
    vi.spyOn(process.stderr, 'write').mockReturnValue(true),
  ]
  try {
    for (const level of LEVELS) {
      expect(silentLogger[level]({ market: 'm-1' }, 'Nobody reads this.')).toBeUndefined()
    }
    for (const write of written) expect(write).not.toHaveBeenCalled()
  } finally {
    vi.restoreAllMocks()
  }
})

it('is fulfilled by pino, which writes the facts beside the message', () => {
  const lines: unknown[] = []
  const logger: Logger = pino(
    { level: 'debug' },
    { write: (line: string) => lines.push(JSON.parse(line)) },
  )
  for (const level of LEVELS) logger[level]({ market: 'm-1' }, `At ${level}.`)
  expect(lines).toMatchObject(LEVELS.map((level) => ({ market: 'm-1', msg: `At ${level}.` })))
})
