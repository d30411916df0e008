/**
 * What a label has to be. A text stands for equality; a series without the label has it empty, as in
 * Prometheus. Patterns match the whole value and are written in what JavaScript and Prometheus read
 * alike: groups, classes, `\d`, `\w` and repetition, without look-around and back-references.
 */
export type LabelMatch =
  | string
  | { readonly not: string }
  | { readonly matches: string }
  | { readonly notMatches: string }

/** Which series of a metric are meant: those whose labels match all of these. */
export type LabelMatches = Readonly<Record<string, LabelMatch>>

/** One matcher in the form of Prometheus. */
export interface LabelMatcher {
  readonly label: string
  readonly operator: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

/** The matchers in the order of their labels. */
export function matchersOf(where: LabelMatches): readonly LabelMatcher[] {
  return Object.entries(where)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, match]): LabelMatcher => {
      if (typeof match !== 'object') return { label, operator: '=', value: match }
      if ('not' in match) return { label, operator: '!=', value: match.not }
      if ('matches' in match) return { label, operator: '=~', value: match.matches }
      return { label, operator: '!~', value: match.notMatches }
    })
}

/** A function that tells whether a series is meant. */
export function compileMatches(
  where: LabelMatches,
): (labels: Readonly<Record<string, string>>) => boolean {
  const tests = matchersOf(where).map(({ label, operator, value }) => {
    const test = compileMatcher(operator, value)
    return (labels: Readonly<Record<string, string>>) =>
      test(Object.hasOwn(labels, label) ? labels[label]! : '')
  })
  return (labels) => tests.every((test) => test(labels))
}

function compileMatcher(
  operator: LabelMatcher['operator'],
  expected: string,
): (value: string) => boolean {
  if (operator === '=') return (value) => value === expected
  if (operator === '!=') return (value) => value !== expected
  const pattern = new RegExp(`^(?:${expected})$`, 'u')
  return operator === '=~' ? (value) => pattern.test(value) : (value) => !pattern.test(value)
}

/** The labels that every series which is meant has, as far as the matches tell. */
export function equalitiesOf(where: LabelMatches): Readonly<Record<string, string>> {
  const equalities = matchersOf(where).filter(({ operator }) => operator === '=')
  return Object.fromEntries(equalities.map(({ label, value }) => [label, value]))
}

/** Why a pattern cannot be used, or `undefined` where it can. */
export function faultOfPattern(pattern: string): string | undefined {
  // An escape is read with what it escapes, so that `\\n` is a backslash and a letter.
  for (const [token] of pattern.matchAll(/\\.|\(\?(?!:)/gsu)) {
    if (token === '(?') return 'a pattern without look-around, names and flags'
    if (/\\[^dDwW\P{L}]|\\\d/u.test(token)) {
      return 'a pattern whose only escapes with a letter are \\d, \\D, \\w and \\W'
    }
  }
  try {
    return void new RegExp(`^(?:${pattern})$`, 'u')
  } catch {
    return 'a pattern that can be read'
  }
}
