import { expect, it } from 'vitest'

import { defineAlertRule } from './define-alert-rule.ts'
import { measure } from './measure.ts'
import { toRunbookMarkdown } from './to-runbook-markdown.ts'

const base = {
  severity: 'high',
  op: '>',
  runbookUrl: 'https://runbooks.example/x',
  summary: 'It is so.',
} as const
const window = { metric: 'tries_total', windowMs: 60_000 }

it('writes a heading for each alert, with what is worth knowing at night', () => {
  const rules = [
    defineAlertRule({
      ...base,
      name: 'ManyFail',
      expr: measure.ratio(measure.gauge({ metric: 'g' }), measure.increase(window)),
      threshold: 0.1,
      minSamples: 20,
      forMs: 60_000,
      keepFiringForMs: 300_000,
      description: 'More of it.',
    }),
    defineAlertRule({ ...base, name: 'Deep', expr: measure.gauge({ metric: 'g' }), threshold: 5 }),
  ]
  expect(toRunbookMarkdown(rules)).toBe(`## ManyFail

It is so.

More of it.

- Severity: high
- Fires: after 1m
- Fires on for: 5m
- Needs: 20 events in the window
- Runbook: <https://runbooks.example/x>

\`\`\`promql
((g / (sum(increase(tries_total[1m])) != 0)) > 0.1 and sum(increase(tries_total[1m])) >= 20)
\`\`\`

## Deep

It is so.

- Severity: high
- Fires: at once
- Runbook: <https://runbooks.example/x>

\`\`\`promql
g > 5
\`\`\`
`)
})

it('refuses two rules with one name', () => {
  const rule = defineAlertRule({
    ...base,
    name: 'A',
    expr: measure.gauge({ metric: 'g' }),
    threshold: 1,
  })
  expect(() => toRunbookMarkdown([rule, rule])).toThrow('different names')
})
