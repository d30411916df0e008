import type { AlertRule } from '../alert-rules/alert-rule.ts'
import { measure } from '../alert-rules/measure.ts'
import { MINUTE_MS, type RuleContext } from './rule-context.ts'
import { WRITABLE_FILESYSTEMS } from './writable-filesystems.ts'

/** PostgreSQL and Redis: is there room left, and is anybody waiting. */
export function createDatabaseRules({ names, define }: RuleContext): readonly AlertRule[] {
  const disks = { where: WRITABLE_FILESYSTEMS, by: ['instance', 'mountpoint'] }
  return [
    define({
      name: 'DatabaseConnectionPoolExhausted',
      component: 'database',
      severity: 'critical',
      expr: measure.ratio(
        measure.gauge({ metric: names.poolActive, by: ['pool', 'instance'], fold: 'sum' }),
        measure.gauge({ metric: names.poolMax, by: ['pool', 'instance'], fold: 'sum' }),
      ),
      op: '>',
      threshold: 0.9,
      forMs: MINUTE_MS,
      summary: 'More than 90 % of a connection pool is lent out.',
    }),
    define({
      name: 'DatabaseHighQueriesPending',
      component: 'database',
      severity: 'medium',
      expr: measure.gauge({ metric: names.poolPending, by: ['pool', 'instance'], fold: 'sum' }),
      op: '>',
      threshold: 50,
      forMs: 5 * MINUTE_MS,
      summary: 'More than 50 queries have waited for a connection for five minutes.',
    }),
    define({
      name: 'DatabaseDiskSpaceLow',
      component: 'database',
      severity: 'medium',
      expr: measure.ratio(
        measure.gauge({ ...disks, metric: names.filesystemAvailable }),
        measure.gauge({ ...disks, metric: names.filesystemSize }),
      ),
      op: '<',
      threshold: 0.2,
      forMs: 5 * MINUTE_MS,
      summary: 'Less than 20 % of a disk is free.',
    }),
    define({
      name: 'RedisMemoryUsageHigh',
      component: 'redis',
      severity: 'medium',
      expr: measure.ratio(
        measure.gauge({ metric: names.redisMemoryUsed, by: ['instance'] }),
        measure.gauge({ metric: names.redisMemoryMax, by: ['instance'] }),
      ),
      op: '>',
      threshold: 0.9,
      forMs: 5 * MINUTE_MS,
      summary: 'Redis uses more than 90 % of the memory that it may use.',
    }),
  ]
}
