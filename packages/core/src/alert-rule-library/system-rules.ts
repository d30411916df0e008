import type { AlertRule } from '../alert-rules/alert-rule.ts'
import { measure } from '../alert-rules/measure.ts'
import { MINUTE_MS, type RuleContext } from './rule-context.ts'

/** The machines that all of it runs on. */
export function createSystemRules({ names, define }: RuleContext): readonly AlertRule[] {
  const cpu = { metric: names.cpuSeconds, windowMs: 5 * MINUTE_MS, by: ['instance'] }
  return [
    define({
      name: 'CPUUsageHigh',
      component: 'system',
      severity: 'medium',
      // The share that idles, because that is one mode and work is many.
      expr: measure.ratio(measure.rate({ ...cpu, where: { mode: 'idle' } }), measure.rate(cpu)),
      op: '<',
      threshold: 0.2,
      forMs: 5 * MINUTE_MS,
      summary: 'The processors of a machine are more than 80 % busy.',
    }),
    define({
      name: 'MemoryUsageHigh',
      component: 'system',
      severity: 'medium',
      expr: measure.ratio(
        measure.gauge({ metric: names.memoryAvailable, by: ['instance'] }),
        measure.gauge({ metric: names.memoryTotal, by: ['instance'] }),
      ),
      op: '<',
      threshold: 0.15,
      forMs: 5 * MINUTE_MS,
      summary: 'More than 85 % of the memory of a machine is in use.',
    }),
  ]
}
