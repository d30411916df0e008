/** Writes one character so that the vendor takes it for that character and nothing else. */
export type EscapeCharacter = (character: string) => string

/** What ends a text that was cut. */
const ELLIPSIS = '…'

/**
 * C0 and C1 controls other than line feed; characters that reorder or hide others (bidi
 * controls, zero-width space, soft hyphen, byte order mark); tags. The joiners that emoji and some
 * scripts need stay.
 */
const HIDDEN =
  // oxlint-disable-next-line no-control-regex -- controls are what it is about
  /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu

/**
 * Plain text that any receiver can take: well-formed Unicode, without control characters and without
 * what hides or reorders other text. Line breaks stay.
 *
 * @param lengthMax in UTF-16 code units; a longer text ends in `…`
 */
export function cleanText(text: string, lengthMax: number): string {
  return clip(text, lengthMax)
    .replaceAll(/\r\n?|[\u2028\u2029\u0085\v\f]/g, '\n')
    .replaceAll('\t', ' ')
    .replaceAll(HIDDEN, '')
    .trim()
}

/** Like {@link cleanText}, on one line. */
export function cleanLine(text: string, lengthMax: number): string {
  return cleanText(text, lengthMax).replaceAll(/\s+/g, ' ')
}

/**
 * Escapes a text and cuts it so that the result has at most `lengthMax` UTF-16 code units. Vendors
 * count characters without saying how; no other count of the same text is higher. Neither a
 * surrogate pair nor an escape sequence is cut in half.
 */
export function fitText(
  text: string,
  lengthMax: number,
  escape: EscapeCharacter = unescaped,
): string {
  let fitted = ''
  let lengthWithRoom = 0
  for (const character of text) {
    const next = escape(character)
    if (fitted.length + next.length > lengthMax) {
      return (fitted.slice(0, lengthWithRoom) + ELLIPSIS).slice(0, Math.max(0, lengthMax))
    }
    fitted += next
    if (fitted.length + ELLIPSIS.length <= lengthMax) lengthWithRoom = fitted.length
  }
  return fitted
}

const encoder = /* @__PURE__ */ new TextEncoder()

/** How many bytes the value takes as JSON in UTF-8. */
export function jsonBytes(value: unknown): number {
  return encoder.encode(JSON.stringify(value)).length
}

function clip(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text.toWellFormed()
  const kept = text.slice(0, lengthMax - ELLIPSIS.length).replace(/[\ud800-\udbff]$/, '')
  return kept.toWellFormed() + ELLIPSIS
}

function unescaped(character: string): string {
  return character
}
