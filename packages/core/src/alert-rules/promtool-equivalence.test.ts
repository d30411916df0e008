import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describePromtool, type Promtool } from '@assay/test-servers'
import { expect, it } from 'vitest'

import { createMetrics } from '../metrics/create-metrics.ts'
import type { HistogramSample, MetricFamily, ValueSample } from '../metrics/metric-sample.ts'
import { createSeededRandom } from '../testing/seeded-random.ts'
import { createTestClock } from '../testing/test-clock.ts'
import type { AlertExpression } from './alert-expression.ts'
import type { AlertRuleReader, AlertRuleSource, WindowEdge } from './alert-rule-source.ts'
import type { AlertOperator, AlertRule } from './alert-rule.ts'
import { countOfExpression } from './count-of-expression.ts'
import { createRegistrySource } from './create-registry-source.ts'
import { createRuleEvaluator } from './create-rule-evaluator.ts'
import { type AlertConditionOptions, defineAlertRule } from './define-alert-rule.ts'
import { measure } from './measure.ts'
import { toPrometheusRules } from './to-prometheus-rules.ts'
import {
  type PromtoolExpectation,
  type PromtoolScenario,
  type PromtoolSeries,
  toPromtoolTests,
} from './to-promtool-tests.ts'

const SCENARIO_COUNT = 240
const CHECKS_MIN = 20_000

describePromtool('Rules in this process and in Prometheus', (promtool) => {
  const edge = edgeOf(promtool)

  it(`are pending and firing alike in ${SCENARIO_COUNT} random scenarios`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'assay-rules-'))
    try {
      let checkCount = 0
      let alertCount = 0
      const files: string[] = []
      for (let seed = 0; seed < SCENARIO_COUNT; seed += 1) {
        const { rules, scenario, evaluationIntervalMs } = await playScenario(seed, edge)
        checkCount += scenario.expectations.length * rules.length
        for (const { alerts } of scenario.expectations) alertCount += alerts.length
        const ruleFile = `rules-${seed}.yml`
        const file = join(folder, `test-${seed}.yml`)
        files.push(file)
        await writeFile(join(folder, ruleFile), toPrometheusRules(rules))
        await writeFile(
          file,
          toPromtoolTests(rules, [scenario], { ruleFile, evaluationIntervalMs }),
        )
      }
      const { exitCode, output } = await promtool.run('test', 'rules', ...files)

      expect(differencesIn(output)).toEqual([])
      expect(exitCode).toBe(0)
      expect(output.match(/SUCCESS/g)).toHaveLength(SCENARIO_COUNT)
      expect(checkCount).toBeGreaterThanOrEqual(CHECKS_MIN)
      // The checks are worth something only where there are alerts, and where there are none.
      expect(alertCount).toBeGreaterThan(checkCount / 10)
    } finally {
      await rm(folder, { recursive: true })
    }
  }, 120_000)
})

/** What promtool says beside naming files, cut where it becomes too much to read. */
function differencesIn(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => line.trim() !== '' && !/SUCCESS/.test(line))
    .filter((line, index, lines) => !isFileLine(line) || /FAILED/.test(lines[index + 1] ?? ''))
    .slice(0, 60)
}

function isFileLine(line: string): boolean {
  return line.startsWith('Unit Testing')
}

function edgeOf({ major, minor }: Promtool): WindowEdge {
  if (major >= 3) return 'left-open'
  if (minor < 52) return 'closed'
  throw new Error(`promtool 2.${minor} is between the two: use 2.42 to 2.51, or 3.`)
}

interface Played {
  readonly rules: readonly AlertRule[]
  readonly scenario: PromtoolScenario
  readonly evaluationIntervalMs: number
}

/** Runs our evaluator over a random scenario; what it says becomes what Prometheus has to say. */
async function playScenario(seed: number, edge: WindowEdge): Promise<Played> {
  const draw = createDraw(seed)
  const intervalMs = draw.oneOf([5_000, 15_000, 60_000, 60_000, 6 * 3_600_000])
  const evaluationIntervalMs = intervalMs * draw.oneOf([1, 1, 1, 2, 0.4])
  const stepCount = draw.wholeBetween(24, 40)
  const isExact = draw.chance(0.5)
  const world = drawWorld(draw, stepCount, isExact)
  const rules = Array.from({ length: 8 }, (_, index) => drawRule(draw, `Rule${index}`, intervalMs))

  let step = 0
  const metrics = { ...createMetrics(), collect: () => familiesAt(world, step) }
  const { source, sample } = sampledApart(createRegistrySource(metrics))
  const clock = createTestClock()
  const evaluator = createRuleEvaluator({ rules, source, edge, clock })

  const expectations: PromtoolExpectation[] = []
  const endMs = Math.min(stepCount * intervalMs, evaluationIntervalMs * 40)
  for (let atMs = 0; atMs < endMs; atMs += evaluationIntervalMs) {
    for (; step < stepCount && step * intervalMs <= atMs; step += 1) {
      if (!world.isSkipped[step]!) sample(step * intervalMs)
    }
    clock.setWallClock(atMs)
    const { failures } = await evaluator.tick()
    expect(failures).toEqual([])
    expectations.push({ atMs, alerts: activeAlerts(evaluator.states()) })
  }
  const series = world.series.flatMap((each) => toPromtoolSeries(each, world.isSkipped))
  const scenario = { name: `seed ${seed}`, intervalMs, series, expectations }
  return { rules, scenario, evaluationIntervalMs }
}

/** A source whose samples are taken at times of their own, as a Prometheus scrapes apart from its rules. */
function sampledApart(source: AlertRuleSource): {
  source: AlertRuleSource
  sample: (at: number) => void
} {
  const readers: AlertRuleReader[] = []
  return {
    source: {
      open(readings) {
        const reader = source.open(readings)
        readers.push(reader)
        return { ...reader, sample() {} }
      },
    },
    sample: (at) => {
      for (const reader of readers) reader.sample(at)
    },
  }
}

function activeAlerts(
  states: ReturnType<ReturnType<typeof createRuleEvaluator>['states']>,
): PromtoolExpectation['alerts'] {
  return states.flatMap(({ rule, labels, state }) =>
    state === 'pending' || state === 'firing' ? [{ rule: rule.name, labels, state }] : [],
  )
}

/** One series of the scenario. A value or a list of bucket counts at each step; `undefined`: gone. */
interface RandomSeries {
  readonly metric: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: Readonly<Record<string, string>>
  readonly steps: readonly (number | readonly number[] | undefined)[]
}

interface RandomWorld {
  readonly series: readonly RandomSeries[]
  /** Steps at which nothing was scraped. */
  readonly isSkipped: readonly boolean[]
}

const BOUNDS = [0.1, 0.5, 1, Number.POSITIVE_INFINITY]

/**
 * With whole numbers at most two series are ever added, because the order in which promtool adds up
 * is left to chance, and with it the last bit: thresholds may be met exactly then.
 */
function drawWorld(draw: Draw, stepCount: number, isExact: boolean): RandomWorld {
  const isThere = (): boolean[] => drawPresence(draw, stepCount)
  const jobs = isExact ? ['a'] : ['a', 'b', 'c']
  const counters = jobs.flatMap((job) =>
    ['200', '500'].map((status): RandomSeries => {
      const steps = drawCounter(draw, isThere(), isExact)
      return { metric: 'requests_total', type: 'counter', labels: { job, status }, steps }
    }),
  )
  const histograms = ['a', 'b'].map((job): RandomSeries => {
    const steps = drawHistogram(draw, isThere())
    return { metric: 'latency_seconds', type: 'histogram', labels: { job }, steps }
  })
  const gauges = ['x', 'y', 'z'].flatMap((instance) =>
    ['depth', 'room'].map((metric): RandomSeries => {
      const steps = isThere().map((there) => (there ? drawGaugeValue(draw) : undefined))
      return { metric, type: 'gauge', labels: { instance }, steps }
    }),
  )
  const ups = ['a', 'b'].map((job): RandomSeries => {
    const steps = isThere().map((there) => (there ? Number(draw.chance(0.7)) : undefined))
    return { metric: 'up', type: 'gauge', labels: { job }, steps }
  })
  const gapFrom = draw.chance(0.4) ? draw.wholeBetween(0, stepCount) : stepCount
  const gapTo = gapFrom + draw.wholeBetween(1, 9)
  return {
    series: [...counters, ...histograms, ...gauges, ...ups],
    isSkipped: Array.from({ length: stepCount }, (_, step) => step >= gapFrom && step < gapTo),
  }
}

/** A series may come late, go, and come back. */
function drawPresence(draw: Draw, stepCount: number): boolean[] {
  const from = draw.chance(0.3) ? draw.wholeBetween(0, stepCount) : 0
  const goneFrom = draw.chance(0.4) ? draw.wholeBetween(from, stepCount) : stepCount
  const goneTo = goneFrom + draw.wholeBetween(1, 12)
  return Array.from({ length: stepCount }, (_, step) => {
    return step >= from && (step < goneFrom || step >= goneTo)
  })
}

function drawCounter(
  draw: Draw,
  isThere: readonly boolean[],
  isExact: boolean,
): RandomSeries['steps'] {
  const resetChance = draw.oneOf([0, 0.05, 0.3])
  const growth = draw.oneOf([0, 1, 10])
  let value = draw.wholeBetween(0, 30)
  return isThere.map((there) => {
    if (draw.chance(resetChance)) value = 0
    else value += isExact ? draw.wholeBetween(0, growth) : draw.between(0, growth)
    return there ? value : undefined
  })
}

function drawHistogram(draw: Draw, isThere: readonly boolean[]): RandomSeries['steps'] {
  const resetChance = draw.oneOf([0, 0.1])
  let counts = BOUNDS.map(() => 0)
  return isThere.map((there) => {
    if (draw.chance(resetChance)) counts = BOUNDS.map(() => 0)
    for (let observed = draw.wholeBetween(0, 6); observed > 0; observed -= 1) {
      const lowest = draw.wholeBetween(0, BOUNDS.length - 1)
      counts = counts.map((count, place) => (place >= lowest ? count + 1 : count))
    }
    return there ? counts : undefined
  })
}

function drawGaugeValue(draw: Draw): number {
  if (draw.chance(0.03)) return draw.oneOf([Number.NaN, Infinity, -Infinity])
  return draw.wholeBetween(-2, 10)
}

function familiesAt({ series }: RandomWorld, step: number): readonly MetricFamily[] {
  return Array.from(
    Map.groupBy(series, ({ metric }) => metric),
    ([name, group]) => {
      const { type, labels } = group[0]!
      const samples = group.map((each) => sampleAt(each, step)).filter((each) => each !== undefined)
      const family = {
        name,
        help: 'Random.',
        type,
        labelNames: Object.keys(labels),
        series: samples,
      }
      return family as MetricFamily
    },
  )
}

function sampleAt(
  { labels, steps }: RandomSeries,
  step: number,
): ValueSample | HistogramSample | undefined {
  const value = steps[step]
  if (value === undefined) return undefined
  if (typeof value === 'number') return { labels, value }
  const buckets = value.map((count, place) => ({ le: BOUNDS[place]!, count }))
  return { labels, histogram: { buckets, sum: 0, count: value.at(-1)! } }
}

function toPromtoolSeries(
  { metric, type, labels, steps }: RandomSeries,
  isSkipped: readonly boolean[],
): PromtoolSeries[] {
  const valuesOf = (
    read: (value: number | readonly number[]) => number,
  ): PromtoolSeries['values'] => {
    let wasThere = false
    return steps.map((value, step) => {
      if (isSkipped[step]!) return null
      const wentAway = wasThere && value === undefined
      wasThere = value !== undefined
      if (value !== undefined) return read(value)
      return wentAway ? 'stale' : null
    })
  }
  if (type !== 'histogram') return [{ metric, labels, values: valuesOf(Number) }]
  const count = valuesOf((value) => (value as readonly number[]).at(-1)!)
  const buckets = BOUNDS.map((bound, place) => ({
    metric: `${metric}_bucket`,
    labels: { ...labels, le: bound === Infinity ? '+Inf' : String(bound) },
    values: valuesOf((value) => (value as readonly number[])[place]!),
  }))
  return [...buckets, { metric: `${metric}_count`, labels, values: count }]
}

function drawRule(draw: Draw, name: string, intervalMs: number): AlertRule {
  const expr = drawExpression(draw, intervalMs)
  const isPair = draw.chance(0.2)
  return defineAlertRule({
    name,
    severity: draw.oneOf(['critical', 'high', 'medium', 'low']),
    ...drawCondition(draw, expr),
    and: isPair && expr.kind !== 'absent' ? [drawCondition(draw, expr)] : [],
    or: draw.chance(0.1) ? [drawCondition(draw, drawExpression(draw, intervalMs))] : [],
    forMs: Math.round(intervalMs * draw.oneOf([0, 0, 1, 2.2, 4])),
    keepFiringForMs: intervalMs * draw.oneOf([0, 0, 1, 3, 5]),
    runbookUrl: 'https://runbooks.example/random',
    summary: `It's {{ random }}: "${name}"`,
    ...(draw.chance(0.3) && { labels: { team: 'on {{ call }}' } }),
  })
}

function drawCondition(draw: Draw, expr: AlertExpression): AlertConditionOptions {
  if (expr.kind === 'absent') return { expr, op: '==', threshold: 1 }
  const minSamples =
    countOfExpression(expr) !== undefined && draw.chance(0.5) ? draw.wholeBetween(1, 40) : 0
  const isWhole = expr.kind === 'gauge' || expr.kind === 'streak'
  const op = draw.oneOf<AlertOperator>(isWhole ? ['>', '>=', '<', '<=', '==', '!='] : ['>', '<'])
  return { expr, op, threshold: drawThreshold(draw, expr), minSamples }
}

function drawThreshold(draw: Draw, expr: AlertExpression): number {
  switch (expr.kind) {
    case 'gauge':
    case 'streak':
      return draw.wholeBetween(-1, 9)
    case 'increase':
    case 'observations':
      return draw.between(0, 40)
    case 'rate':
      return draw.between(0, 1)
    default:
      return draw.between(0, 1.2)
  }
}

function drawExpression(draw: Draw, intervalMs: number): AlertExpression {
  // Mostly a multiple of the sampling interval, so that samples lie exactly on the edge.
  const windowMs = Math.max(1, Math.round(intervalMs * draw.oneOf([1, 2, 3, 5, 8, 4.5, 2.001])))
  const by = draw.oneOf([[], ['job'], ['job', 'status']])
  const requests = { metric: 'requests_total', windowMs, by }
  const latency = { metric: 'latency_seconds', windowMs, by: draw.oneOf([[], ['job']]) }
  const failed = { ...requests, where: { status: { matches: '5..' } } }
  const instance = draw.chance(0.5)
    ? { by: [], fold: draw.oneOf(['sum', 'max', 'min'] as const) }
    : {}
  const gauges = draw.chance(0.5) ? {} : { where: { instance: { not: 'x' } } }
  const day = { metric: 'requests_total', windowMs: 86_400_000 }

  return draw.oneOf<() => AlertExpression>([
    () => measure.gauge({ metric: 'depth', ...instance, ...gauges }),
    () => measure.gauge({ metric: 'up', where: { job: draw.oneOf(['a', 'b', 'gone']) } }),
    () => measure.streak({ metric: 'depth', by: ['instance'] }),
    () => measure.average({ metric: 'up', windowMs }),
    () => measure.increase(requests),
    () => measure.rate(requests),
    () => measure.ratio(measure.increase(failed), measure.increase(requests)),
    () =>
      measure.ratio(measure.rate(failed), measure.rate({ ...requests, windowMs: windowMs * 2 })),
    () => measure.ratio(measure.gauge({ metric: 'depth' }), measure.gauge({ metric: 'room' })),
    () =>
      measure.ratio(
        measure.gauge({ metric: 'depth' }),
        measure.sum(measure.gauge({ metric: 'depth' }), measure.gauge({ metric: 'room' })),
      ),
    () => measure.difference(measure.gauge({ metric: 'depth' }), measure.gauge({ metric: 'room' })),
    () => measure.observations({ ...latency, atMost: draw.oneOf([0.1, 0.5, 1]) }),
    () => measure.quantile({ ...latency, quantile: draw.oneOf([0.5, 0.95, 0.99]) }),
    () => measure.shareAbove({ ...latency, bound: 0.5 }),
    () => measure.absent({ metric: 'up', where: { job: draw.oneOf(['a', 'gone']) } }),
    () => measure.comparedWithDaysBefore(measure.increase(day), draw.oneOf([1, 2])),
    () => measure.comparedWithDaysBefore(measure.gauge({ metric: 'depth' }), draw.oneOf([1, 3])),
  ])()
}

type Draw = ReturnType<typeof createDraw>

function createDraw(seed: number) {
  const random = createSeededRandom(seed)
  return {
    chance: (probability: number): boolean => random() < probability,
    between: (low: number, high: number): number => low + random() * (high - low),
    wholeBetween: (low: number, high: number): number =>
      low + Math.floor(random() * (high - low + 1)),
    oneOf: <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!,
  }
}
