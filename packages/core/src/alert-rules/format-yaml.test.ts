import { expect, it } from 'vitest'

import { formatYaml } from './format-yaml.ts'

it('writes blocks, with texts in quotes', () => {
  const value = {
    groups: [{ name: 'a', rules: [], labels: {}, when: undefined }, ['x', [1]]],
    count: 5,
    isOn: true,
  }
  expect(formatYaml(value)).toBe(
    `groups:
  - name: 'a'
    rules: []
    labels: {}
  -
    - 'x'
    -
      - 1
count: 5
isOn: true
`.replaceAll(/-\n +- /g, '- - '),
  )
})

it.each([
  ["it's", "'it''s'"],
  ['{{ $value }}: # no comment', "'{{ $value }}: # no comment'"],
  ['a\nb\t"c"\\', '"a\\nb\\t\\"c\\"\\\\"'],
  ['\u0000\u007F\u0085\u2028\uFEFF', '"\\u0000\\U0000007F\\U00000085\\U00002028\\U0000FEFF"'],
  ['😀 ü', "'😀 ü'"],
  ['', "''"],
])('quotes %j', (text, yaml) => {
  expect(formatYaml({ text })).toBe(`text: ${yaml}\n`)
})

it.each([
  ['on', "'on'"],
  ['null', "'null'"],
  ['a b', "'a b'"],
  ['5', "'5'"],
  ['runbook_url', 'runbook_url'],
])('quotes the key %s where it would mean something else', (key, yaml) => {
  expect(formatYaml({ [key]: 1 })).toBe(`${yaml}: 1\n`)
})

it.each([
  [Infinity, '.inf'],
  [-Infinity, '-.inf'],
  [Number.NaN, '.nan'],
  [1e-7, '1e-7'],
])('writes the number %d', (value, yaml) => {
  expect(formatYaml([value])).toBe(`- ${yaml}\n`)
})
