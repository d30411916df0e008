import { expect, it } from 'vitest'

import { alertOfTransition } from './alert-of-transition.ts'
import type { AlertState, AlertTransition } from './alert-rule-state.ts'
import { defineAlertRule } from './define-alert-rule.ts'
import { measure } from './measure.ts'

const rule = defineAlertRule({
  name: 'TooDeep',
  severity: 'high',
  expr: measure.gauge({ metric: 'depth' }),
  op: '>',
  threshold: 10,
  runbookUrl: 'https://runbooks.example/deep',
  summary: 'Too deep.',
  description: 'Look at the pump.',
})

function transition(from: AlertState, state: AlertState): AlertTransition {
  const activeAt = state === 'firing' ? 100 : undefined
  return {
    rule,
    labels: { kind: 'x' },
    from,
    state,
    reason: undefined,
    value: 11,
    activeAt,
    at: 500,
  }
}

it.each(['inactive', 'pending', 'no_data'] as const)('fires from %s', (from) => {
  expect(alertOfTransition(transition(from, 'firing'))).toEqual({
    kind: 'fires',
    alert: {
      name: 'TooDeep',
      severity: 'high',
      labels: { kind: 'x' },
      summary: 'Too deep.',
      description: 'Look at the pump.',
      runbookUrl: 'https://runbooks.example/deep',
      value: 11,
      startsAt: 100,
      source: 'alert-rules',
    },
  })
})

it.each(['inactive', 'no_data'] as const)('resolves when it becomes %s', (state) => {
  expect(alertOfTransition(transition('firing', state))).toEqual({
    kind: 'resolves',
    identity: { name: 'TooDeep', labels: { kind: 'x' } },
    at: 500,
  })
})

it.each([
  ['inactive', 'pending'],
  ['pending', 'inactive'],
  ['inactive', 'no_data'],
  ['no_data', 'inactive'],
] as const)('means nothing from %s to %s', (from, state) => {
  expect(alertOfTransition(transition(from, state))).toBeUndefined()
})
