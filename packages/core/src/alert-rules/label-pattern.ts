/**
 * What a dot stands for: every character but a line break in Alertmanager and in Prometheus 2, every
 * character in Prometheus 3.
 */
export type DotMeaning = 'all-but-line-break' | 'all'

/** A regular expression for the whole value of a label. */
export type LabelPattern = (value: string) => boolean

/**
 * Makes a pattern ready that {@link faultOfPattern} has nothing against. It says of every value what
 * Prometheus or Alertmanager says of it.
 */
export function compileLabelPattern(pattern: string, dot: DotMeaning): LabelPattern {
  // A dot of JavaScript leaves out three characters more.
  const source =
    dot === 'all'
      ? pattern
      : pattern.replaceAll(TOKEN, (token) => (token === '.' ? String.raw`[^\n]` : token))
  const expression = new RegExp(`^(?:${source})$`, dot === 'all' ? 'su' : 'u')
  return (value) => expression.test(value)
}

/**
 * Why a pattern cannot be used, in the form "must be …", or `undefined` where it can. Patterns are
 * written in what JavaScript and RE2 (https://github.com/google/re2/wiki/Syntax), the engine of
 * Prometheus and Alertmanager, read alike, and stay within what RE2 takes.
 */
export function faultOfPattern(pattern: string): string | undefined {
  try {
    if (!pattern.isWellFormed()) return UNREADABLE
    void new RegExp(pattern, 'u')
  } catch {
    return UNREADABLE
  }
  const tokens = pattern.match(TOKEN) ?? []
  for (const token of tokens) {
    if (token === '(?') return 'a pattern without look-around, names and flags'
    if (!hasOnlySharedEscapes(token))
      return `a pattern whose only escapes with a letter are ${ESCAPES}`
    // RE2 takes the bracket of an empty class for the first of its characters.
    if (token === '[]' || token === '[^]') return 'a pattern without empty classes'
    if (/^\[.*\[:/su.test(token)) return 'a pattern without named classes'
  }
  return faultOfSize(pattern.length, tokens)
}

const UNREADABLE = 'a pattern that can be read'
const ESCAPES = String.raw`\d, \D, \w, \W, \n, \r and \t`

/** An escape, a class, a parenthesis with what it means, a counted repetition, or a character. */
const TOKEN = /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?:?)?|\{\d+(?:,\d*)?\}|./gsu

/** An escape is read with what it escapes, so that `\\n` is a backslash and a letter. */
function hasOnlySharedEscapes(token: string): boolean {
  return (token.match(/\\./gsu) ?? []).every((escape) => /\\(?:[dDwWnrt]|[^\p{L}\d])/u.test(escape))
}

/** RE2 takes no more repetition, counted through from the outside to the inside. */
const REPETITIONS_MAX = 1_000
/** RE2 takes a thousand, and so many parentheses are a mistake long before. */
const DEPTH_MAX = 100
/** RE2 takes a program of three million instructions. */
const SIZE_MAX = 1_000_000

function faultOfSize(length: number, tokens: readonly string[]): string | undefined {
  /** The most repetitions within each group that is open; the outermost is the pattern itself. */
  const mostByDepth = [1]
  /** Those within what stands before the next token. */
  let before = 1
  for (const token of tokens) {
    if (token === '(' || token === '(?:') {
      mostByDepth.push(1)
      if (mostByDepth.length > DEPTH_MAX + 1) return `a pattern of at most ${DEPTH_MAX} levels`
    }
    const isGroup = token === ')'
    const isCounted = token.startsWith('{')
    before = isGroup ? mostByDepth.pop()! : isCounted ? before * repetitionsOf(token) : 1
    if (before > REPETITIONS_MAX) return `a pattern that repeats at most ${REPETITIONS_MAX} times`
    mostByDepth.push(Math.max(mostByDepth.pop()!, before))
  }
  return length * mostByDepth[0]! > SIZE_MAX
    ? 'a pattern that is shorter, or repeats less'
    : undefined
}

/** `{3}`, `{3,}` and `{1,3}` repeat three times, and none of them less than once. */
function repetitionsOf(token: string): number {
  const [least, most] = token.slice(1, -1).split(',')
  return Math.max(1, Number(most === undefined || most === '' ? least : most))
}
