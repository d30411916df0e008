import { describe, expectTypeOf, it } from 'vitest'

import type { AlertExpression } from './alert-expression.ts'
import type { AlertRuleOptions } from './define-alert-rule.ts'
import { measure } from './measure.ts'

describe('measure', () => {
  it('makes expressions', () => {
    expectTypeOf(measure.gauge).returns.toExtend<AlertExpression>()
    expectTypeOf(measure.shareAbove).returns.toExtend<AlertExpression>()
  })

  it('leaves no place for PromQL', () => {
    expectTypeOf<string>().not.toExtend<AlertExpression>()
    // @ts-expect-error -- an expression is made of measurements
    measure.ratio('sum(rate(x[5m]))', measure.gauge({ metric: 'x' }))
    // @ts-expect-error -- a window has a length
    measure.increase({ metric: 'x_total' })
  })

  it('leaves no rule without a runbook', () => {
    expectTypeOf<Omit<AlertRuleOptions, 'runbookUrl'>>().not.toExtend<AlertRuleOptions>()
  })
})
