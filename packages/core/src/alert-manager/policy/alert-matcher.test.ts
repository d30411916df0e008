import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  type AlertMatcherInput,
  compileMatcher,
  formatAlertMatcher,
  parseAlertMatcher,
} from './alert-matcher.ts'

const alert = {
  name: 'OracleDown',
  severity: 'critical' as const,
  labels: { market: 'm-1', severity: 'low', empty: '', lines: 'a\nb' },
  source: 'rules',
}

function matches(input: AlertMatcherInput): boolean {
  const { matcher } = compileMatcher(input)
  if (matcher === undefined) throw new Error('It is no matcher.')
  return matcher.matches(alert)
}

describe('a matcher', () => {
  test.each<[string, boolean]>([
    ['market="m-1"', true],
    ['market=m-1', true],
    ['market="m"', false],
    ['market!="m"', true],
    ['market=~"m-.*"', true],
    ['market=~"m"', false],
    ['market=~"m|m-1"', true],
    ['market=~"-1|x"', false],
    ['market!~"m"', true],
    ['market!~"m-\\\\d"', false],
    ['alertname="OracleDown"', true],
    ['severity="critical"', true],
    ['severity="low"', false],
    ['source=~"rules|jobs"', true],
    ['missing=""', true],
    ['missing!=""', false],
    ['missing=~".*"', true],
    ['missing=~".+"', false],
    ['missing!~".+"', true],
    ['empty=""', true],
    ['constructor=""', true],
    ['__proto__=""', true],
    ['lines="a\\nb"', true],
    ['lines=~"a"', false],
  ])('%s: %s', (text, expected) => {
    expect(matches(text)).toBe(expected)
  })

  test.each<AlertMatcherInput>([
    '',
    'market',
    '="x"',
    '1a="x"',
    'a="x',
    'a="x"y',
    'a=x"y',
    'a=="x',
    'a=~"("',
    'a=~"(?=x)"',
    'a=~"(?<!x)y"',
    String.raw`a=~"(x)\\1"`,
    'a=~"[^]"',
    'a=~"x{1001}"',
    String.raw`a=~"\\s"`,
    { label: 'ü', op: '=', value: 'x' },
    { label: 'a', op: '~' as never, value: 'x' },
    { label: 'a', op: '=', value: 1 as never },
  ])('is not %j', (input) => {
    expect(compileMatcher(input).matcher).toBeUndefined()
  })

  test('takes what only looks like look-around', () => {
    expect(
      compileMatcher({ label: 'a', op: '=~', value: String.raw`\(?=\\1` }).matcher,
    ).toBeDefined()
  })

  test('has a dot stand for all but a line break, as in Alertmanager', () => {
    const seen = ['a\u2028b', 'a\rb', 'a\nb'].map((market) => {
      const { matcher } = compileMatcher('market=~"a.b|.*c"')
      return matcher?.matches({ ...alert, labels: { market } })
    })
    expect(seen).toEqual([true, true, false])
  })

  test('is read back as it was written', () => {
    const matcher = fc.record({
      label: fc.stringMatching(/^[a-zA-Z_]\w{0,9}$/),
      op: fc.constantFrom('=', '!=', '=~', '!~'),
      value: fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', 'n', ' ', '|', '💸', '=') }),
    })
    fc.assert(
      fc.property(matcher, (given) => {
        expect(parseAlertMatcher(formatAlertMatcher(given))).toEqual(given)
      }),
    )
  })
})
