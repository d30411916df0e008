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
import type { AlertRuleState } from './alert-rule-state.ts'
import type { AlertOperator, AlertRule } from './alert-rule.ts'
import { compileToPromql } from './compile-promql.ts'
import { countOfExpression } from './count-of-expression.ts'
import { createRegistrySource } from './create-registry-source.ts'
import { createRuleEvaluator } from './create-rule-evaluator.ts'
import { type AlertConditionOptions, defineAlertRule } from './define-alert-rule.ts'
import { formatPrometheusDuration } from './format-prometheus-duration.ts'
import { formatYaml, type YamlValue } from './format-yaml.ts'
import { measure } from './measure.ts'
import { toPrometheusRules } from './to-prometheus-rules.ts'
import {
  type PromtoolExpectation,
  type PromtoolScenario,
  type PromtoolSeries,
  formatSeries,
  toInputSeries,
  toPromtoolTests,
} from './to-promtool-tests.ts'

/** Each takes promtool a tenth of a second, so that elsewhere than in CI it is a slice. */
const isWhole = process.env['ASSAY_REQUIRE_SERVERS'] === '1'
const SCENARIO_COUNT = isWhole ? 220 : 40
const LONG_WINDOW_COUNT = isWhole ? 10 : 2
const CHECKS_MIN = isWhole ? 20_000 : 4_000

/**
 * As soon as samples lie further apart, promtool moves the oldest to a block while it goes on loading and
 * evaluating. A series that is new just then, or back, can lose its sample: prometheus/prometheus#8365.
 */
const LOADED_SAFELY_MAX_MS = 36 * 3_600_000

const SIX_HOURS_MS = 6 * 3_600_000

describePromtool('Rules in this process and in Prometheus', (promtool) => {
  const edge = edgeOf(promtool)

  it(`are pending and firing alike in ${SCENARIO_COUNT} random scenarios`, async () => {
    let checkCount = 0
    let alertCount = 0
    await expectNoDifference(promtool, SCENARIO_COUNT, async (seed) => {
      const { rules, scenario, evaluationIntervalMs } = await playScenario(seed, edge)
      checkCount += scenario.expectations.length * rules.length
      for (const { alerts } of scenario.expectations) alertCount += alerts.length
      const ruleFile = `rules-${seed}.yml`
      const tests = toPromtoolTests(rules, [scenario], { ruleFile, evaluationIntervalMs })
      return { [ruleFile]: toPrometheusRules(rules), [`test-${seed}.yml`]: tests }
    })
    expect(checkCount).toBeGreaterThanOrEqual(CHECKS_MIN)
    // The checks are worth something only where there are alerts, and where there are none.
    expect(alertCount).toBeGreaterThan(checkCount / 10)
  }, 180_000)

  it('measure the same to the last bit', async () => {
    let valueCount = 0
    await expectNoDifference(promtool, SCENARIO_COUNT, async (seed) => {
      const { tests, count } = await playMeasurements(seed, edge)
      valueCount += count
      return { [`test-${seed}.yml`]: tests }
    })
    expect(valueCount).toBeGreaterThan(SCENARIO_COUNT * 50)
  }, 180_000)

  it('measure a long window as a Prometheus that scrapes as seldom, to the last bit', async () => {
    let valueCount = 0
    await expectNoDifference(promtool, LONG_WINDOW_COUNT, async (seed) => {
      const { tests, count } = await playLongWindow(seed, edge)
      valueCount += count
      return { [`test-${seed}.yml`]: tests }
    })
    expect(valueCount).toBeGreaterThan(LONG_WINDOW_COUNT * 100)
  }, 180_000)
})

/** Writes the files of each seed, and has promtool run those that are tests. */
async function expectNoDifference(
  promtool: Promtool,
  seedCount: number,
  play: (seed: number) => Promise<Record<string, string>>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-rules-'))
  try {
    const files: string[] = []
    for (let seed = 0; seed < seedCount; seed += 1) {
      for (const [name, content] of Object.entries(await play(seed))) {
        await writeFile(join(folder, name), content)
        if (name.startsWith('test')) files.push(join(folder, name))
      }
    }
    const half = files.length / 2
    const halves = await Promise.all([
      promtool.run('test', 'rules', ...files.slice(0, half)),
      promtool.run('test', 'rules', ...files.slice(half)),
    ])

    expect(halves.flatMap(differencesIn)).toEqual([])
    expect(halves.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    const output = halves.map(({ stdout }) => stdout).join('')
    expect(output.match(/SUCCESS/g)).toHaveLength(seedCount)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/**
 * The files that promtool does not call a success, then what it says about them in the same order, cut
 * where it becomes too much to read. It names files on one stream and differences on the other.
 */
function differencesIn({ stdout, stderr }: Awaited<ReturnType<Promtool['run']>>): string[] {
  const lines = stdout.split('\n').filter((line) => line.trim() !== '')
  const isSuccess = (line: string | undefined): boolean => line?.trim() === 'SUCCESS'
  const differing = lines.filter((line, index) => !isSuccess(line) && !isSuccess(lines[index + 1]))
  const said = stderr.split('\n').filter((line) => line.trim() !== '')
  return [...differing, ...said].slice(0, 60)
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
  // Forty of the longest are 32 hours, of which the last eight have a day before them.
  const intervalMs = draw.oneOf([5_000, 15_000, 60_000, 60_000, 48 * 60_000])
  const evaluationIntervalMs = intervalMs * draw.oneOf([1, 1, 1, 2, 0.4])
  const stepCount = draw.wholeBetween(24, 40)
  const world = drawWorld(draw, stepCount, draw.chance(0.5))
  const rules = Array.from({ length: 8 }, (_, index) => drawRule(draw, `Rule${index}`, intervalMs))

  const expectations: PromtoolExpectation[] = []
  const atMax = Math.min(stepCount * intervalMs, evaluationIntervalMs * 32)
  expect(atMax).toBeLessThanOrEqual(LOADED_SAFELY_MAX_MS)
  const times = { intervalMs, evaluationIntervalMs, atMax }
  await evaluateWorld(world, rules, { ...times, edge }, (atMs, states) => {
    const alerts = states.flatMap(({ rule, labels, state }) =>
      state === 'pending' || state === 'firing' ? [{ rule: rule.name, labels, state }] : [],
    )
    expectations.push({ atMs, alerts })
  })
  const series = toAllPromtoolSeries(world)
  const scenario = { name: `seed ${seed}`, intervalMs, series, expectations }
  return { rules, scenario, evaluationIntervalMs }
}

/** Every kind of expression over a random world, with the values that Prometheus has to find. */
async function playMeasurements(
  seed: number,
  edge: WindowEdge,
): Promise<{ readonly tests: string; readonly count: number }> {
  const draw = createDraw(1_000_000 + seed)
  const intervalMs = draw.oneOf([5_000, 15_000, 60_000, 60_000, SIX_HOURS_MS])
  const stepCount = draw.wholeBetween(12, 40)
  const world = drawWorld(draw, stepCount, true)
  const rules = drawExpressions(draw, intervalMs)
    .filter(({ kind }) => kind !== 'absent')
    .map((expr, index) =>
      defineAlertRule({ ...NAMELESS, name: `Rule${index}`, expr, op: '>', threshold: 0 }),
    )

  const evaluationIntervalMs = Math.round(intervalMs * draw.oneOf([5, 7.3]))
  const times = { intervalMs, evaluationIntervalMs, atMax: stepCount * intervalMs, edge }
  return measureWorld(world, rules, times, { world, intervalMs })
}

/** Six hours are looked at 500 times, every 43.2 seconds: at each third of our ticks. */
async function playLongWindow(
  seed: number,
  edge: WindowEdge,
): Promise<{ readonly tests: string; readonly count: number }> {
  const draw = createDraw(2_000_000 + seed)
  const intervalMs = 15_000
  const stepCount = (8 * 3_600_000) / intervalMs
  const { series } = drawWorld(draw, stepCount, true)
  const world = { series, isSkipped: Array.from({ length: stepCount }, () => false) }
  const isScraped = (_: unknown, step: number): boolean => step % 3 === 0
  const scraped = {
    series: series.map(({ metric, type, labels, steps }) => {
      return { metric, type, labels, steps: steps.filter(isScraped) }
    }),
    isSkipped: world.isSkipped.filter(isScraped),
  }
  const windowMs = SIX_HOURS_MS
  const requests = { metric: 'requests_total', windowMs, by: ['status'] }
  const latency = { metric: 'latency_seconds', windowMs, by: ['job'] }
  const rules = [
    measure.increase(requests),
    measure.rate(requests),
    measure.observations({ ...latency, atMost: 0.5 }),
    measure.quantile({ ...latency, quantile: 0.95 }),
  ].map((expr, index) =>
    defineAlertRule({ ...NAMELESS, name: `Rule${index}`, expr, op: '>', threshold: 0 }),
  )
  const evaluationIntervalMs = draw.oneOf([600_000, 613_000])
  const times = { intervalMs, evaluationIntervalMs, atMax: stepCount * intervalMs, edge }
  return measureWorld(world, rules, times, { world: scraped, intervalMs: 3 * intervalMs })
}

/** What we measure in a world becomes what Prometheus has to find where it is scraped. */
async function measureWorld(
  world: RandomWorld,
  rules: readonly AlertRule[],
  times: Times,
  scraped: { readonly world: RandomWorld; readonly intervalMs: number },
): Promise<{ readonly tests: string; readonly count: number }> {
  const expectations: YamlValue[] = []
  let count = 0
  let atLast = 0
  await evaluateWorld(world, rules, times, (atMs, states) => {
    atLast = atMs
    for (const rule of rules) {
      const measured = states.filter((state) => state.rule === rule && state.value !== undefined)
      count += measured.length
      const promql = compileToPromql(rule.expr)
      expectations.push({
        // Without what is no number, and without the name of the metric.
        expr: `${promql} + 0 == ${promql}`,
        eval_time: formatPrometheusDuration(atMs),
        exp_samples: measured.map(({ labels, value }) => ({
          labels: Object.keys(labels).length === 0 ? '{}' : formatSeries('', labels),
          value: value!,
        })),
      })
    }
  })
  // There are no rules, so that this says only when samples are loaded. They are so at 0 and at the end,
  // before there is anything to move to a block; see LOADED_SAFELY_MAX_MS.
  const file = { rule_files: [], evaluation_interval: formatPrometheusDuration(atLast) }
  const input = {
    interval: formatPrometheusDuration(scraped.intervalMs),
    input_series: [FROM_THE_START, ...toAllPromtoolSeries(scraped.world)].map(toInputSeries),
    promql_expr_test: expectations,
  }
  return { tests: formatYaml({ ...file, tests: [input] }), count }
}

/** promtool refuses what is more than 12 hours older than the first sample that it happens to load. */
const FROM_THE_START: PromtoolSeries = { metric: 'from_the_start', labels: {}, values: [0] }

const NAMELESS = {
  severity: 'low',
  runbookUrl: 'https://runbooks.example/random',
  summary: 'Random.',
} as const

interface Times {
  readonly intervalMs: number
  readonly evaluationIntervalMs: number
  readonly atMax: number
  readonly edge: WindowEdge
}

/** Samples a world and evaluates rules over it, each at its own interval, from time 0. */
async function evaluateWorld(
  world: RandomWorld,
  rules: readonly AlertRule[],
  { intervalMs, evaluationIntervalMs, atMax, edge }: Times,
  onEvaluated: (atMs: number, states: readonly AlertRuleState[]) => void,
): Promise<void> {
  let step = 0
  const metrics = { ...createMetrics(), collect: () => familiesAt(world, step) }
  const { source, sample } = sampledApart(createRegistrySource(metrics))
  const clock = createTestClock()
  const evaluator = createRuleEvaluator({ rules, source, edge, clock })
  for (let atMs = 0; atMs < atMax; atMs += evaluationIntervalMs) {
    for (; step < world.isSkipped.length && step * intervalMs <= atMs; step += 1) {
      if (!world.isSkipped[step]!) sample(step * intervalMs)
    }
    clock.setWallClock(atMs)
    expect((await evaluator.tick()).failures).toEqual([])
    onEvaluated(atMs, evaluator.states())
  }
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

function toAllPromtoolSeries({ series, isSkipped }: RandomWorld): PromtoolSeries[] {
  return series.flatMap((each) => toPromtoolSeries(each, isSkipped))
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

function drawThreshold(draw: Draw, { kind }: AlertExpression): number {
  if (kind === 'gauge' || kind === 'streak') return draw.wholeBetween(-1, 9)
  return draw.between(0, kind === 'increase' || kind === 'observations' ? 40 : 1.2)
}

function drawExpression(draw: Draw, intervalMs: number): AlertExpression {
  return draw.oneOf(drawExpressions(draw, intervalMs))
}

/** One of each kind. */
function drawExpressions(draw: Draw, intervalMs: number): readonly AlertExpression[] {
  // Mostly a multiple of the sampling interval, so that samples lie exactly on the edge.
  const windowMs = Math.max(1, Math.round(intervalMs * draw.oneOf([1, 2, 3, 5, 8, 4.5, 2.001])))
  const by = draw.oneOf([[], ['job'], ['job', 'status']])
  const requests = { metric: 'requests_total', windowMs, by }
  const longer = { ...requests, windowMs: windowMs * 2 }
  const latency = { metric: 'latency_seconds', windowMs, by: draw.oneOf([[], ['job']]) }
  const failed = { where: { status: { matches: '5..' } } }
  const fold = draw.oneOf(['sum', 'max', 'min'] as const)
  const grouping = draw.chance(0.5) ? { by: [], fold } : {}
  const some = draw.chance(0.5) ? {} : { where: { instance: { not: 'x' } } }
  const day = { metric: 'requests_total', windowMs: 86_400_000 }
  const job = draw.oneOf(['a', 'b', 'gone'])
  const depth = measure.gauge({ metric: 'depth' })
  const room = measure.gauge({ metric: 'room' })
  // Nothing that is sampled more often lasts for two days.
  const daysOf = (most: number): number => (intervalMs < SIX_HOURS_MS ? 1 : draw.oneOf([1, most]))
  const { increase, rate, ratio } = measure

  return [
    measure.gauge({ metric: 'depth', ...grouping, ...some }),
    measure.gauge({ metric: 'up', where: { job } }),
    measure.streak({ metric: 'depth', by: ['instance'] }),
    measure.average({ metric: 'up', windowMs }),
    increase(requests),
    rate(requests),
    ratio(increase({ ...requests, ...failed }), increase(requests)),
    ratio(rate({ ...requests, ...failed }), rate(longer)),
    ratio(depth, room),
    ratio(depth, measure.sum(depth, room)),
    measure.difference(depth, room),
    measure.observations({ ...latency, atMost: draw.oneOf([0.1, 0.5, 1]) }),
    measure.quantile({ ...latency, quantile: draw.oneOf([0.5, 0.95, 0.99]) }),
    measure.shareAbove({ ...latency, bound: 0.5 }),
    // The histogram has no such bucket.
    measure.observations({ ...latency, atMost: 0.7 }),
    measure.shareAbove({ ...latency, bound: 0.7 }),
    measure.absent({ metric: 'up', where: { job } }),
    measure.comparedWithDaysBefore(increase(day), daysOf(2)),
    measure.comparedWithDaysBefore(depth, daysOf(3)),
  ]
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
