/** Control and formatting characters (ANSI escapes, line ends, reversed text), and half surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu

/**
 * Text from a file as it may be shown on a terminal: in one line, cut to a length, and with every
 * character that could move the cursor or colour the screen written as `\u{1b}`.
 *
 * @param text anything
 * @param lengthMax the most characters that are kept; default 80
 */
export function printable(text: string, lengthMax = 80): string {
  const cut = text.length > lengthMax ? `${text.slice(0, lengthMax - 1)}…` : text
  return cut.replaceAll(
    UNPRINTABLE,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}
