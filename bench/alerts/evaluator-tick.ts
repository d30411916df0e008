import {
  type AlertExpression,
  type CollectableMetrics,
  createMetrics,
  createRegistrySource,
  createRuleEvaluator,
  defineAlertRule,
  measure,
} from '@assay/core'
import { createTestClock } from '@assay/core/testing'

import { atMost, type Figure } from '../figure.ts'
import { median } from '../interleave.ts'

const ruleCount = 1_000
const tickMs = 15_000
/** So many that every window of five minutes is full. */
const warmUpTicks = 30
const ticks = 25

export const figure: Figure = {
  id: 'evaluator.tick',
  targets: [atMost(50, 'ms')],
  async measure() {
    const metrics = createMetrics()
    const workload = Array.from({ length: ruleCount }, (_, index) => createRuleWork(metrics, index))
    const clock = createTestClock()
    const evaluator = createRuleEvaluator({
      rules: workload.map(({ expr }, index) => createRule(expr, index)),
      source: createRegistrySource(metrics),
      clock,
    })
    const oursMs: number[] = []
    const bareMs: number[] = []

    // Tick upon tick, as in a process: garbage is collected when it is, and its time counts.
    for (let tick = 0; tick < warmUpTicks + ticks; tick += 1) {
      for (const { change } of workload) change(tick)
      await clock.advance(tickMs)
      const ours = await millisecondsOf(() => evaluator.tick())
      const bare = await millisecondsOf(compareBare)
      if (tick < warmUpTicks) continue
      oursMs.push(ours)
      bareMs.push(bare)
    }
    const states = new Set(evaluator.states().map(({ state }) => state))
    if (!states.has('firing') || states.has('no_data')) throw new Error('Rules judged nothing.')
    const peers = { 'bare Map': median(bareMs) }
    return { value: median(oursMs), unit: 'ms', peers, n: ruleCount * 100 }
  },
}

/** What a rule looks at, and what changes it. */
interface RuleWork {
  readonly expr: AlertExpression
  readonly change: (tick: number) => void
}

/** A metric of its own for each rule, with 100 series as Prometheus counts them. */
function createRuleWork(metrics: CollectableMetrics, index: number): RuleWork {
  const metric = `metric_${index}`
  const by = ['instance']
  const window = { metric, by, windowMs: 300_000 }
  const definition = { name: metric, help: 'Of the benchmark.' }
  switch (index % 4) {
    case 0: {
      const gauge = metrics.gauge({ ...definition, labelNames: by })
      const series = instances(100).map((instance) => gauge.labels({ instance }))
      const change = (tick: number): void =>
        series.forEach((each, at) => each.set((tick * 7 + at) % 100))
      return { expr: measure.gauge({ metric, by }), change }
    }
    case 1: {
      const counter = metrics.counter({ ...definition, labelNames: by })
      const series = instances(100).map((instance) => counter.labels({ instance }))
      const change = (): void => series.forEach((each, at) => each.inc(at))
      return { expr: measure.increase(window), change }
    }
    case 2: {
      const counter = metrics.counter({ ...definition, labelNames: ['instance', 'status'] })
      const series = instances(50).flatMap((instance) =>
        ['200', '500'].map((status) => counter.labels({ instance, status })),
      )
      const failed = measure.increase({ ...window, where: { status: '500' } })
      const change = (): void => series.forEach((each, at) => each.inc(at + 1))
      return { expr: measure.ratio(failed, measure.increase(window)), change }
    }
    default: {
      // 11 buckets, `+Inf`, sum and count: 14 series an instance.
      const histogram = metrics.histogram({ ...definition, labelNames: by })
      const series = instances(7).map((instance) => histogram.labels({ instance }))
      const change = (tick: number): void =>
        series.forEach((each, at) => each.observe(((tick + at) % 40) / 10))
      return { expr: measure.quantile({ ...window, quantile: 0.95 }), change }
    }
  }
}

function instances(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `api-${index}`)
}

/** Holds for some of the series at some ticks. */
function createRule(expr: AlertExpression, index: number) {
  return defineAlertRule({
    name: `Rule${index}`,
    severity: 'high',
    expr,
    op: '>',
    threshold: { gauge: 90, increase: 1_900, ratio: 0.6, quantile: 3.5 }[expr.kind as string] ?? 0,
    runbookUrl: 'https://runbooks.example/rule',
    summary: 'A rule of the benchmark.',
  })
}

const latest = new Map(Array.from({ length: 100 }, (_, index) => [`api-${index}`, index]))

/** The limit: each rule compares the latest value of each series with a number, and no more. */
function compareBare(): void {
  let firing = 0
  for (let rule = 0; rule < ruleCount; rule += 1) {
    for (const value of latest.values()) if (value > rule) firing += 1
  }
  if (firing === 0) throw new Error('Nothing fires.')
}

async function millisecondsOf(work: () => unknown): Promise<number> {
  const startedAt = process.hrtime.bigint()
  await work()
  return Number(process.hrtime.bigint() - startedAt) / 1e6
}
