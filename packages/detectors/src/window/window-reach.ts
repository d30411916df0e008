import { assertDurationMs, InvalidOptionError } from '@assay/core'

/** Whether an event that is exactly as old as a window is long lies within it. */
export type WindowFarEnd = 'inclusive' | 'exclusive'

/** The most by which two events within a window lie apart: event times are whole milliseconds. */
export function readReachMs(
  factory: string,
  option: string,
  windowMs: number,
  farEnd: WindowFarEnd,
): number {
  assertDurationMs(factory, option, windowMs, { min: 1 })
  if (farEnd === 'inclusive') return Math.floor(windowMs)
  if (farEnd === 'exclusive') return Math.ceil(windowMs) - 1
  throw new InvalidOptionError(factory, 'farEnd', '`inclusive` or `exclusive`')
}
