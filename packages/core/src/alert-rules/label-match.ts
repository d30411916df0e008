import type { WindowEdge } from './alert-rule-source.ts'
import { compileLabelPattern, type DotMeaning } from './label-pattern.ts'

/**
 * What a label has to be. A text stands for equality; a series without the label has it empty, as in
 * Prometheus. Patterns match the whole value and are written in what JavaScript and Prometheus read
 * alike: groups, classes, `\d`, `\w` and repetition, without look-around and back-references. A dot
 * stands for every character but a line break in Prometheus 2, and for every character in 3.
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

/**
 * A function that tells whether a series is meant.
 *
 * @param edge of the windows, which tells the version of Prometheus
 */
export function compileMatches(
  where: LabelMatches,
  edge: WindowEdge,
): (labels: Readonly<Record<string, string>>) => boolean {
  const dot = edge === 'closed' ? 'all-but-line-break' : 'all'
  const tests = matchersOf(where).map((matcher) => {
    const { label } = matcher
    const test = compileMatcher(matcher, dot)
    return (labels: Readonly<Record<string, string>>) =>
      test(Object.hasOwn(labels, label) ? labels[label]! : '')
  })
  return (labels) => tests.every((test) => test(labels))
}

function compileMatcher(
  { operator, value: expected }: LabelMatcher,
  dot: DotMeaning,
): (value: string) => boolean {
  if (operator === '=') return (value) => value === expected
  if (operator === '!=') return (value) => value !== expected
  const matches = compileLabelPattern(expected, dot)
  return operator === '=~' ? matches : (value) => !matches(value)
}

/** The labels that every series which is meant has, as far as the matches tell. */
export function equalitiesOf(where: LabelMatches): Readonly<Record<string, string>> {
  const equalities = matchersOf(where).filter(({ operator }) => operator === '=')
  return Object.fromEntries(equalities.map(({ label, value }) => [label, value]))
}
