import type { Clock } from '@assay/core'

const BAR_WIDTH = 24
const REDRAW_MS = 100
const LINE_MS = 5_000

/** Tells a person how far the audit has come. */
export interface Progress {
  /**
   * @param text what is being done
   * @param share how much of it is done, from 0 to 1; `null` when that is not known
   */
  show(text: string, share: number | null): void
  /** Says something that stays. */
  note(text: string): void
  /** Removes the bar. */
  end(): void
}

/** Where progress is shown: standard error, which leaves standard output to the results. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined
  write(text: string): unknown
}

/**
 * A bar that redraws itself on a terminal, and a line now and then anywhere else.
 *
 * @param stream where it is shown
 * @param clock tells when to draw again
 */
export function createProgress(stream: ProgressStream, clock: Clock): Progress {
  const isTerminal = stream.isTTY === true
  const intervalMs = isTerminal ? REDRAW_MS : LINE_MS
  let shownAt = Number.NEGATIVE_INFINITY
  let isDrawn = false

  function clear(): void {
    if (isDrawn) stream.write('\r\u{1b}[2K')
    isDrawn = false
  }

  return {
    show(text, share) {
      if (clock.monotonic() - shownAt < intervalMs) return
      shownAt = clock.monotonic()
      clear()
      stream.write(isTerminal ? barOf(text, share) : `${text}${percentOf(share)}\n`)
      isDrawn = isTerminal
    },
    note(text) {
      clear()
      stream.write(`${text}\n`)
    },
    end: clear,
  }
}

function barOf(text: string, share: number | null): string {
  const filled = Math.round((share ?? 0) * BAR_WIDTH)
  return `[${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}] ${text}${percentOf(share)}`
}

function percentOf(share: number | null): string {
  return share === null ? '' : ` (${Math.floor(share * 100)} %)`
}
