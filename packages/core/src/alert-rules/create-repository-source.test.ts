import { describe, expect, it } from 'vitest'

import type { LeafExpression } from './alert-expression.ts'
import type { WindowEdge } from './alert-rule-source.ts'
import {
  createRepositorySource,
  type MetricReadings,
  type ReadingRow,
} from './create-repository-source.ts'
import { measure } from './measure.ts'

const SIGNAL = new AbortController().signal
const NOW = 1_000_000
const payouts = { metric: 'payouts_total', windowMs: 60_000 }
const ROWS: readonly ReadingRow[] = [
  { labels: { outcome: 'sent', node: '1' }, value: 6 },
  { labels: { outcome: 'sent', node: '2' }, value: 4 },
  { labels: { outcome: 'failed', node: '1' }, value: 3 },
]

async function read(
  leaf: LeafExpression,
  readings: MetricReadings,
  { edge = 'left-open', rowsMax = 10 }: { edge?: WindowEdge; rowsMax?: number } = {},
): Promise<Record<string, number>> {
  const source = createRepositorySource({ readings: { [leaf.metric]: readings }, rowsMax })
  const reader = source.open({ edge, leaves: [{ leaf, offsetMaxMs: 0 }] })
  reader.sample(NOW)
  const { labelSets, values } = await reader.read(leaf, NOW, SIGNAL)
  const entries = labelSets.map(({ labels }, index) => [
    Object.values(labels).join(),
    values[index]!,
  ])
  return Object.fromEntries(entries)
}

describe('createRepositorySource', () => {
  it.each([
    [measure.increase(payouts), { '': 13 }],
    [measure.increase({ ...payouts, by: ['outcome'] }), { sent: 10, failed: 3 }],
    [measure.increase({ ...payouts, where: { outcome: 'failed' } }), { '': 3 }],
    [measure.increase({ ...payouts, where: { node: { matches: '[13]' } } }), { '': 9 }],
    [measure.rate({ ...payouts, windowMs: 10_000 }), { '': 1.3 }],
    [measure.observations(payouts), { '': 13 }],
    // What is counted exactly is 0 where there is nothing; for which labels, nobody knows.
    [measure.increase({ ...payouts, where: { outcome: 'none' } }), { '': 0 }],
    [measure.increase({ ...payouts, where: { outcome: 'none' }, by: ['node'] }), {}],
  ])('counts exactly what %o asks for', async (leaf, expected) => {
    expect(await read(leaf, { count: async () => ROWS })).toEqual(expected)
  })

  it.each([
    ['left-open', false],
    ['closed', true],
  ] as const)('says which window is meant when it is %s', async (edge, includesFrom) => {
    const queries: unknown[] = []
    const count: MetricReadings['count'] = async (query) => {
      queries.push(query)
      return []
    }
    await read(measure.observations({ ...payouts, atMost: 2 }), { count }, { edge })
    const window = { from: NOW - 60_000, to: NOW, includesFrom }
    expect(queries).toEqual([{ ...window, atMost: 2, signal: SIGNAL }])
  })

  it.each([
    [measure.gauge(payouts), { '1,sent': 6, '2,sent': 4, '1,failed': 3 }],
    [measure.streak({ ...payouts, by: ['outcome'] }), { sent: 6, failed: 3 }],
    [measure.gauge({ ...payouts, by: [], fold: 'min' }), { '': 3 }],
    [measure.absent({ ...payouts, where: { outcome: 'sent' } }), { sent: 0 }],
    [measure.absent({ ...payouts, where: { outcome: 'lost' } }), { lost: 1 }],
  ])('reads values for %o', async (leaf, expected) => {
    expect(await read(leaf, { value: async () => ROWS })).toEqual(expected)
  })

  it('reads means and quantiles for the groups that are asked for', async () => {
    const rows = [{ labels: { node: '1' }, value: 0.5 }]
    const average = measure.average({ metric: 'up', windowMs: 60_000 })
    expect(await read(average, { average: async () => rows })).toEqual({ 1: 0.5 })

    const where = { path: '/pay' }
    const leaf = measure.quantile({ ...payouts, quantile: 0.95, where, by: ['node'] })
    const queries: unknown[] = []
    const quantile: MetricReadings['quantile'] = async (query) => {
      queries.push(query)
      return rows
    }
    expect(await read(leaf, { quantile })).toEqual({ 1: 0.5 })
    expect(queries).toMatchObject([{ quantile: 0.95, where, by: ['node'], to: NOW }])
  })

  it('asks once in a tick for what several leaves need, so that they agree', async () => {
    let calls = 0
    const count = async (): Promise<readonly ReadingRow[]> => {
      calls += 1
      return ROWS
    }
    const part = measure.increase({ ...payouts, where: { outcome: 'failed' } })
    const whole = measure.increase(payouts)
    const source = createRepositorySource({ readings: { payouts_total: { count } } })
    const leaves = [part, whole].map((leaf) => ({ leaf, offsetMaxMs: 0 }))
    const reader = source.open({ edge: 'left-open', leaves })
    reader.sample(NOW)
    await Promise.all([reader.read(part, NOW, SIGNAL), reader.read(whole, NOW, SIGNAL)])
    expect(calls).toBe(1)
    await reader.read(whole, NOW - 1, SIGNAL)
    reader.sample(NOW + 1)
    await reader.read(whole, NOW, SIGNAL)
    expect(calls).toBe(3)
  })

  it('refuses a rule that it cannot measure, when the evaluator is made', () => {
    const open = (leaf: LeafExpression, readings: Record<string, MetricReadings>) =>
      createRepositorySource({ readings }).open({
        edge: 'left-open',
        leaves: [{ leaf, offsetMaxMs: 0 }],
      })
    expect(() => open(measure.increase(payouts), {})).toThrow(
      'able to read `count` of payouts_total',
    )
    const value = async (): Promise<readonly ReadingRow[]> => []
    expect(() => open(measure.increase(payouts), { payouts_total: { value } })).toThrow('`count`')
  })

  it.each<[string, unknown]>([
    ['no list', { rows: ROWS }],
    ['nothing', undefined],
    ['a count as text, as drivers return it', [{ labels: {}, value: '3' }]],
    ['a count as bigint', [{ labels: {}, value: 3n }]],
    ['a label that is a number', [{ labels: { node: 1 }, value: 3 }]],
    ['too many rows', Array.from({ length: 11 }, () => ({ labels: {}, value: 1 }))],
  ])('refuses %s', async (_, rows) => {
    const reading = read(measure.increase(payouts), { count: async () => rows as never })
    await expect(reading).rejects.toMatchObject({
      code: 'ALERT_RULE_READING_INVALID',
      context: { metric: 'payouts_total' },
      retry: 'never',
    })
  })
})
