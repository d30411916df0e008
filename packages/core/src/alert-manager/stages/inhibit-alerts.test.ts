import fc from 'fast-check'
import { expect, test } from 'vitest'

import { alertLabel } from '../policy/alert-label.ts'
import { matchesAll } from '../policy/alert-matcher.ts'
import { compilePolicy } from '../policy/compile-policy.ts'
import { inhibitorsOf, inhibitsOf } from './inhibit-alerts.ts'

const policy = compilePolicy({
  route: { receiver: 'team' },
  inhibitions: [
    { sourceMatchers: ['a="1"'], targetMatchers: ['b="1"'], equal: ['region'] },
    { sourceMatchers: ['a=~"1|2"'], targetMatchers: ['b!="2"'] },
    {
      sourceMatchers: ['alertname="x"'],
      targetMatchers: ['severity="low"'],
      equal: ['a', 'region'],
    },
  ],
})

test('inhibits as a comparison of each pair by the rules does', () => {
  const value = fc.constantFrom('', '1', '2')
  const alert = fc.record({
    name: fc.constantFrom('x', 'y'),
    severity: fc.constantFrom('low' as const, 'high' as const),
    labels: fc.record({ a: value, b: value, region: value }, { requiredKeys: [] }),
    source: fc.constant('test'),
  })
  fc.assert(
    fc.property(alert, fc.array(alert, { maxLength: 4 }), (target, sources) => {
      const expected = policy.inhibitions.some(
        (rule) =>
          matchesAll(rule.target, target) &&
          sources.some(
            (source) =>
              matchesAll(rule.source, source) &&
              rule.equal.every(
                (label) => alertLabel(source, label) === alertLabel(target, label),
              ) &&
              !(matchesAll(rule.source, target) && matchesAll(rule.target, source)),
          ),
      )
      const firing = new Set(sources.flatMap((source) => inhibitsOf(policy, source)))
      expect(inhibitorsOf(policy, target).some((name) => firing.has(name))).toBe(expected)
    }),
    { numRuns: 500 },
  )
})
