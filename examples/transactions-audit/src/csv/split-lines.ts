/** A line of a text file, without its end. */
export interface Line {
  /** Counted from 1. */
  readonly number: number
  readonly text: string
  /** The line was longer than the limit, and only its start was kept. */
  readonly isCut: boolean
}

/** Turns pieces of text into lines. */
export interface LineSplitter {
  /** @returns the lines that end in this piece */
  push(piece: string): Line[]
  /** @returns the last line, where the file does not end with a line end */
  end(): Line[]
}

/**
 * Splits text at `\n` and `\r\n`. It never holds more than one line, and of a line never more than
 * `lengthMax` characters, however long the line is.
 *
 * @param lengthMax the most characters of a line
 */
export function createLineSplitter(lengthMax: number): LineSplitter {
  let number = 1
  let held = ''

  function take(text: string): Line {
    const whole = text.endsWith('\r') ? text.slice(0, -1) : text
    const line = { number, text: whole.slice(0, lengthMax), isCut: whole.length > lengthMax }
    number += 1
    return line
  }

  return {
    push(piece) {
      const lines: Line[] = []
      let start = 0
      for (let end = piece.indexOf('\n'); end !== -1; end = piece.indexOf('\n', start)) {
        lines.push(take(held + piece.slice(start, end)))
        held = ''
        start = end + 1
      }
      // Two characters beyond the limit tell a line that is too long from one that ends with `\r`.
      held = (held + piece.slice(start)).slice(0, lengthMax + 2)
      return lines
    },
    end() {
      return held === '' ? [] : [take(held)]
    },
  }
}
