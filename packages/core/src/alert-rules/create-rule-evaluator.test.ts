import { describe, expect, it } from 'vitest'

import { type CollectableMetrics, createMetrics } from '../metrics/create-metrics.ts'
import { createTestClock, type TestClock } from '../testing/test-clock.ts'
import type { AlertRuleSource } from './alert-rule-source.ts'
import { ALERT_RULE_SAMPLES_DROPPED_TOTAL, createRegistrySource } from './create-registry-source.ts'
import { createRepositorySource } from './create-repository-source.ts'
import { createRuleEvaluator, type RuleEvaluator, type RuleTick } from './create-rule-evaluator.ts'
import { type AlertRuleOptions, defineAlertRule } from './define-alert-rule.ts'
import { measure } from './measure.ts'

const SECOND = 1_000
const depth = measure.gauge({ metric: 'depth' })

function rule(options: Partial<AlertRuleOptions> = {}): ReturnType<typeof defineAlertRule> {
  return defineAlertRule({
    name: 'TooDeep',
    severity: 'high',
    expr: depth,
    op: '>',
    threshold: 10,
    runbookUrl: 'https://runbooks.example/deep',
    summary: 'Too deep.',
    ...options,
  })
}

interface Bench {
  readonly metrics: CollectableMetrics
  readonly clock: TestClock
  readonly evaluator: RuleEvaluator
  /** Ten seconds later, another tick. */
  readonly tick: () => Promise<RuleTick>
}

function setUp(...rules: ReturnType<typeof rule>[]): Bench {
  const metrics = createMetrics()
  const clock = createTestClock({ now: 1_000_000 })
  const source = createRegistrySource(metrics)
  const evaluator = createRuleEvaluator({ rules, source, clock })
  return {
    metrics,
    clock,
    evaluator,
    tick: async () => {
      await clock.advance(10 * SECOND)
      return evaluator.tick()
    },
  }
}

function changes({ transitions }: RuleTick): string[] {
  return transitions.map(({ from, state }) => `${from} → ${state}`)
}

describe('createRuleEvaluator', () => {
  it('waits for as long as the rule says before it fires, from the tick in which it began to hold', async () => {
    const { metrics, tick } = setUp(rule({ forMs: 20 * SECOND }))
    const series = metrics.gauge({ name: 'depth', help: 'Depth.' }).labels({})
    series.set(10)
    expect(changes(await tick())).toEqual([])
    series.set(11)
    expect(changes(await tick())).toEqual(['inactive → pending'])
    expect(changes(await tick())).toEqual([])
    expect(changes(await tick())).toEqual(['pending → firing'])
    expect(changes(await tick())).toEqual([])
    series.set(10)
    expect(changes(await tick())).toEqual(['firing → inactive'])
  })

  it('fires at once where it need not wait, and says with which value and since when', async () => {
    const { metrics, tick, evaluator } = setUp(rule({ labels: { team: 'a', kind: 'b' } }))
    metrics
      .gauge({ name: 'depth', help: 'Depth.', labelNames: ['kind'] })
      .labels({ kind: 'x' })
      .set(11)
    const { transitions, at } = await tick()
    expect(transitions).toEqual([
      {
        rule: expect.objectContaining({ name: 'TooDeep' }),
        labels: { team: 'a', kind: 'b' },
        from: 'inactive',
        state: 'firing',
        reason: undefined,
        value: 11,
        activeAt: at,
        at,
      },
    ])
    expect(evaluator.states()).toHaveLength(1)
  })

  it('begins anew when it ceases to hold while pending', async () => {
    const { metrics, tick } = setUp(rule({ forMs: 20 * SECOND, keepFiringForMs: 60 * SECOND }))
    const series = metrics.gauge({ name: 'depth', help: 'Depth.' }).labels({})
    const seen: string[] = []
    for (const value of [11, 11, 1, 11, 11, 11]) {
      series.set(value)
      seen.push(...changes(await tick()))
    }
    expect(seen).toEqual([
      'inactive → pending',
      'pending → inactive',
      'inactive → pending',
      'pending → firing',
    ])
  })

  it('goes on firing for as long as the rule says, and anew when it held in between', async () => {
    const { metrics, tick } = setUp(rule({ keepFiringForMs: 20 * SECOND }))
    const series = metrics.gauge({ name: 'depth', help: 'Depth.' }).labels({})
    const seen: string[][] = []
    for (const value of [11, 1, 1, 11, 1, 1, 1]) {
      series.set(value)
      seen.push(changes(await tick()))
    }
    expect(seen).toEqual([['inactive → firing'], [], [], [], [], [], ['firing → inactive']])
  })

  it('ends when its series is gone, and forgets it', async () => {
    const { metrics, tick, evaluator } = setUp(rule())
    const gauge = metrics.gauge({ name: 'depth', help: 'Depth.', labelNames: ['kind'] })
    gauge.labels({ kind: 'x' }).set(11)
    gauge.labels({ kind: 'y' }).set(1)
    await tick()
    gauge.labels({ kind: 'x' }).setFunction(() => {
      throw new Error('gone')
    })
    expect(changes(await tick())).toEqual(['firing → inactive'])
    expect(evaluator.states().map(({ labels }) => labels)).toEqual([{ kind: 'y' }])
  })

  it('judges each series by itself', async () => {
    const { metrics, tick, evaluator } = setUp(rule())
    const gauge = metrics.gauge({ name: 'depth', help: 'Depth.', labelNames: ['kind'] })
    gauge.labels({ kind: 'x' }).set(11)
    gauge.labels({ kind: 'y' }).set(1)
    await tick()
    expect(evaluator.states().map(({ labels, state }) => [labels['kind'], state])).toEqual([
      ['x', 'firing'],
      ['y', 'inactive'],
    ])
  })

  it('has no data where nothing is measured, and fires when there is', async () => {
    const { metrics, tick, evaluator } = setUp(rule())
    expect(changes(await tick())).toEqual(['inactive → no_data'])
    expect(evaluator.states()).toMatchObject([
      { labels: {}, state: 'no_data', reason: 'no_series' },
    ])
    metrics.gauge({ name: 'depth', help: 'Depth.' }).labels({}).set(11)
    expect(changes(await tick())).toEqual(['no_data → firing'])
  })

  it.each(['>', '<', '>=', '<=', '==', '!='] as const)(
    'has no data where the value is no number, whatever it is compared by (%s)',
    async (op) => {
      const { metrics, tick, evaluator } = setUp(rule({ op, threshold: 0 }))
      metrics.gauge({ name: 'depth', help: 'Depth.' }).labels({}).set(Number.NaN)
      await tick()
      expect(evaluator.states()).toMatchObject([{ state: 'no_data', reason: 'not_a_number' }])
    },
  )

  it.each([0, 5, -5, Infinity])('has no data for a share of nothing: %d of 0', async (part) => {
    const used = measure.gauge({ metric: 'used' })
    const share = measure.ratio(used, depth)
    const both = measure.ratio(measure.increase({ metric: 'tries_total', windowMs: 60_000 }), depth)
    const bench = setUp(
      rule({ expr: share, op: '!=' }),
      rule({ name: 'Tries', expr: both, op: '!=' }),
      rule({ name: 'Less', expr: measure.difference(used, share), op: '!=' }),
    )
    bench.metrics.gauge({ name: 'used', help: 'Used.' }).labels({}).set(part)
    bench.metrics.gauge({ name: 'depth', help: 'Of nothing.' }).labels({}).set(0)
    const tries = bench.metrics.counter({ name: 'tries_total', help: 'Tries.' }).labels({})
    for (let count = 0; count < 3; count += 1) {
      tries.inc()
      await bench.tick()
    }
    const nothing = { state: 'no_data', reason: 'not_a_number', value: undefined }
    expect(bench.evaluator.states()).toMatchObject([nothing, nothing, nothing])
  })

  it.each([
    ['>', [false, false, true]],
    ['>=', [false, true, true]],
    ['<', [true, false, false]],
    ['<=', [true, true, false]],
    ['==', [false, true, false]],
    ['!=', [true, false, true]],
  ] as const)('compares by %s', async (op, expected) => {
    const { metrics, tick, evaluator } = setUp(rule({ op, threshold: 10 }))
    const gauge = metrics.gauge({ name: 'depth', help: 'Depth.', labelNames: ['kind'] })
    for (const value of [9, 10, 11]) gauge.labels({ kind: String(value) }).set(value)
    await tick()
    expect(evaluator.states().map(({ state }) => state === 'firing')).toEqual(expected)
  })

  it('samples and evaluates once for calls that come while a tick is under way', async () => {
    let calls = 0
    const source = createRepositorySource({
      readings: { depth: { value: async () => [{ labels: {}, value: (calls += 1) }] } },
    })
    const evaluator = createRuleEvaluator({ rules: [rule()], source, clock: createTestClock() })
    const [first, second] = await Promise.all([evaluator.tick(), evaluator.tick()])
    expect(second).toBe(first)
    await evaluator.tick()
    expect(calls).toBe(2)
  })

  it('measures once what several rules look at', async () => {
    let calls = 0
    const source = createRepositorySource({
      readings: { depth: { value: async () => [{ labels: {}, value: (calls += 1) }] } },
    })
    const rules = [
      rule(),
      rule({ name: 'Deeper', threshold: 100, and: [{ expr: depth, op: '>', threshold: 1 }] }),
    ]
    await createRuleEvaluator({ rules, source, clock: createTestClock() }).tick()
    expect(calls).toBe(1)
  })

  it('keeps the states of a rule whose measurement failed, and evaluates the others', async () => {
    let isDown = false
    const failure = new Error('the database is away')
    const source = createRepositorySource({
      readings: {
        depth: {
          value: async () => {
            if (isDown) throw failure
            return [{ labels: {}, value: 11 }]
          },
        },
        width: { value: async () => [{ labels: {}, value: 11 }] },
      },
    })
    const rules = [rule(), rule({ name: 'TooWide', expr: measure.gauge({ metric: 'width' }) })]
    const evaluator = createRuleEvaluator({ rules, source, clock: createTestClock() })
    await evaluator.tick()
    isDown = true
    const { failures, transitions } = await evaluator.tick()
    expect(failures).toEqual([{ rule: rules[0], cause: failure }])
    expect(transitions).toEqual([])
    expect(evaluator.states().map(({ state }) => state)).toEqual(['firing', 'firing'])
  })

  it('waits for a measurement no longer than it may, and then aborts it', async () => {
    const signals: AbortSignal[] = []
    const source = createRepositorySource({
      readings: {
        depth: {
          value: ({ signal }) => {
            signals.push(signal)
            return new Promise(() => {})
          },
        },
        width: { value: async () => [{ labels: {}, value: 11 }] },
      },
    })
    const rules = [rule(), rule({ name: 'TooWide', expr: measure.gauge({ metric: 'width' }) })]
    const clock = createTestClock()
    const evaluator = createRuleEvaluator({ rules, source, clock, readingTimeoutMs: 500 })
    const tick = evaluator.tick()
    await clock.advance(500)
    const { failures, transitions } = await tick
    expect(failures).toMatchObject([
      { rule: { name: 'TooDeep' }, cause: { code: 'ALERT_RULE_READING_TIMEOUT', retry: 'safe' } },
    ])
    expect(transitions).toMatchObject([{ rule: { name: 'TooWide' }, state: 'firing' }])
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])

    const again = evaluator.tick()
    expect(again).not.toBe(tick)
    await clock.advance(500)
    await again
    expect(clock.pending).toBe(0)
  })

  it('stops waiting when the host gives up', async () => {
    const source = createRepositorySource({
      readings: { depth: { value: () => new Promise(() => {}) } },
    })
    const clock = createTestClock()
    const evaluator = createRuleEvaluator({ rules: [rule()], source, clock })
    const reason = new Error('shutting down')
    const controller = new AbortController()
    const tick = evaluator.tick({ signal: controller.signal })
    controller.abort(reason)
    expect((await tick).failures).toMatchObject([{ cause: reason }])
    const late = await evaluator.tick({ signal: AbortSignal.abort(reason) })
    expect(late.failures).toMatchObject([{ cause: reason }])
    expect(clock.pending).toBe(0)
  })

  it('takes a source that throws at once for a failed measurement too', async () => {
    const source: AlertRuleSource = {
      open: () => ({
        sample() {},
        read() {
          throw new Error('broken')
        },
      }),
    }
    const evaluator = createRuleEvaluator({ rules: [rule()], source, clock: createTestClock() })
    expect((await evaluator.tick()).failures).toHaveLength(1)
  })

  it('refuses rules with the same name, and an edge that is none', () => {
    const source = createRegistrySource(createMetrics())
    expect(() => createRuleEvaluator({ rules: [rule(), rule()], source })).toThrow(
      'different names',
    )
    const edge = 'open' as never
    expect(() => createRuleEvaluator({ rules: [], source, edge })).toThrow('`edge` must be')
    const readingTimeoutMs = Infinity
    expect(() => createRuleEvaluator({ rules: [], source, readingTimeoutMs })).toThrow('Timeout')
  })
})

describe('a rule over a long window', () => {
  const TICK = 15 * SECOND
  const DAY = 86_400_000
  const shareOver = (windowMs: number) =>
    measure.ratio(
      measure.increase({ metric: 'tries_total', windowMs, where: { outcome: 'failed' } }),
      measure.increase({ metric: 'tries_total', windowMs }),
    )

  /** Forty routes that are tried once in 15 seconds; from some moment on, nine of ten tries fail. */
  function setUpTries(samplesMax: number, ...rules: ReturnType<typeof rule>[]) {
    const metrics = createMetrics()
    const labelNames = ['route', 'outcome']
    const tries = metrics.counter({ name: 'tries_total', help: 'Tries.', labelNames })
    const clock = createTestClock({ now: 1_000_000 })
    const source = createRegistrySource(metrics, { samplesMax })
    const evaluator = createRuleEvaluator({ rules, source, clock })
    const series = (outcome: string) =>
      Array.from({ length: 40 }, (_, route) => tries.labels({ route: String(route), outcome }))
    const sent = series('sent')
    return {
      evaluator,
      dropped: () => {
        const families = metrics.collect()
        const family = families.find(({ name }) => name === ALERT_RULE_SAMPLES_DROPPED_TOTAL)
        return family?.type === 'counter' ? family.series[0]?.value : undefined
      },
      /** Ticks for as long, and gives how long after the first tick the state changed to what. */
      run: async (forMs: number, { areFailing = false } = {}) => {
        const failed = areFailing ? series('failed') : []
        const seen: [string, string, number][] = []
        for (let passed = 0; passed < forMs; passed += TICK) {
          for (const each of sent) each.inc()
          for (const each of failed) each.inc(9)
          clock.setWallClock(clock.now() + TICK)
          for (const {
            rule: { name },
            state,
          } of (await evaluator.tick()).transitions) {
            seen.push([name, state, passed / 60_000])
          }
        }
        return seen
      },
    }
  }

  it('fires when the share of the whole window is reached, however many series there are', async () => {
    const slow = rule({ expr: shareOver(3 * DAY), threshold: 0.005 })
    const steady = rule({ name: 'Steady', expr: shareOver(DAY / 4), threshold: 0.03 })
    const { run, dropped } = setUpTries(400_000, slow, steady)
    await run(3 * DAY)
    const seen = await run(60 * 60_000, { areFailing: true })
    expect(dropped()).toBe(0)
    expect(seen.map(([name, state]) => [name, state])).toEqual([
      ['Steady', 'firing'],
      ['TooDeep', 'firing'],
    ])
    // Nine of ten tries are failures, and ten times as many: 0.5 % of 3 days after 2.4 minutes, 3 % of
    // 6 hours after 1.2. What is looked at seldom is seen late: by two 500ths of the window.
    const [[, , steadyAt], [, , slowAt]] = seen as [
      [string, string, number],
      [string, string, number],
    ]
    expect(steadyAt).toBeGreaterThanOrEqual(1)
    expect(steadyAt).toBeLessThan(1.2 + 2 * 0.75 + 0.5)
    expect(slowAt).toBeGreaterThan(2)
    expect(slowAt).toBeLessThan(2.4 + 2 * 8.75 + 0.5)
  })

  it('has no data while samples of its window were lost, and says so; a shorter one goes on', async () => {
    const long = rule({ expr: shareOver(60 * 60_000), threshold: 0.005 })
    const short = rule({ name: 'Short', expr: shareOver(5 * 60_000), threshold: 0.5 })
    const both = rule({
      name: 'Both',
      expr: shareOver(60 * 60_000),
      threshold: 0.005,
      minSamples: 1,
      and: [{ expr: shareOver(5 * 60_000), op: '>', threshold: 0.5 }],
    })
    const { run, evaluator, dropped } = setUpTries(10_000, long, short, both)
    // Eighty series find room for 64 samples each, which are 16 minutes.
    await run(15 * SECOND, { areFailing: true })
    // A young process is no loss: there were no samples before.
    await run(15 * 60_000)
    expect(dropped()).toBe(0)
    expect(evaluator.states().map(({ state }) => state)).toEqual([
      'inactive',
      'inactive',
      'inactive',
    ])

    await run(60 * 60_000)
    expect(dropped()).toBeGreaterThan(0)
    const lost = { state: 'no_data', reason: 'window_not_covered', value: undefined }
    expect(evaluator.states()).toMatchObject([lost, { state: 'inactive' }, { state: 'inactive' }])
    await run(5 * 60_000, { areFailing: true })
    expect(evaluator.states()).toMatchObject([lost, { state: 'firing' }, lost])
  })

  it('has data again when the loss lies before its window', async () => {
    const metrics = createMetrics()
    const clock = createTestClock({ now: 1_000_000 })
    const increase = measure.increase({ metric: 'tries_total', windowMs: 10 * 60_000 })
    const source = createRegistrySource(metrics, { samplesMax: 16 })
    const rules = [rule({ expr: increase, op: '>', threshold: 0 })]
    const evaluator = createRuleEvaluator({ rules, source, clock })
    const counter = metrics.counter({ name: 'tries_total', help: 'Tries.' }).labels({})
    const states: string[] = []
    const tick = async (afterMs: number) => {
      counter.inc()
      await clock.advance(afterMs)
      await evaluator.tick()
      const { state, reason = '' } = evaluator.states()[0]!
      if (`${state} ${reason}` !== states.at(-1)) states.push(`${state} ${reason}`)
    }
    for (let count = 0; count < 30; count += 1) await tick(15 * SECOND)
    for (let count = 0; count < 30; count += 1) await tick(60 * SECOND)
    expect(states).toEqual([
      'no_data no_series',
      'firing ',
      'no_data window_not_covered',
      'firing ',
    ])
  })

  it('has no data for a sum while a series of it finds no room, and goes on for each by itself', async () => {
    const metrics = createMetrics()
    const source = createRegistrySource(metrics, { samplesMax: 16 })
    const rules = [
      rule({ expr: measure.gauge({ metric: 'depth', by: [], fold: 'sum' }) }),
      rule({ name: 'Each' }),
    ]
    const evaluator = createRuleEvaluator({ rules, source, clock: createTestClock() })
    const gauge = metrics.gauge({ name: 'depth', help: 'Depth.', labelNames: ['kind'] })
    for (const kind of ['a', 'b', 'c']) gauge.labels({ kind }).set(11)
    await evaluator.tick()
    expect(
      evaluator.states().map(({ labels, state, reason }) => [labels['kind'], state, reason]),
    ).toEqual([
      [undefined, 'no_data', 'window_not_covered'],
      ['a', 'firing', undefined],
      ['b', 'firing', undefined],
    ])
  })

  it('has no data about an earlier day whose samples were lost', async () => {
    const metrics = createMetrics()
    const clock = createTestClock({ now: 1_000_000 })
    const source = createRegistrySource(metrics, { samplesMax: 16 })
    const rules = [rule({ expr: measure.comparedWithDaysBefore(depth, 1) })]
    const evaluator = createRuleEvaluator({ rules, source, clock })
    metrics.gauge({ name: 'depth', help: 'Depth.' }).labels({}).set(1)
    for (let minute = 0; minute < 1_500; minute += 4) {
      await clock.advance(4 * 60_000)
      await evaluator.tick()
    }
    expect(evaluator.states()).toMatchObject([{ state: 'no_data', reason: 'window_not_covered' }])
  })

  it('forgets a loss when the clock is set back', async () => {
    const metrics = createMetrics()
    const clock = createTestClock({ now: 1_000_000_000 })
    const increase = measure.increase({ metric: 'tries_total', windowMs: 10 * 60_000 })
    const source = createRegistrySource(metrics, { samplesMax: 16 })
    const rules = [rule({ expr: increase, op: '>', threshold: 0 })]
    const evaluator = createRuleEvaluator({ rules, source, clock })
    const counter = metrics.counter({ name: 'tries_total', help: 'Tries.' }).labels({})
    const tick = async () => {
      counter.inc()
      await clock.advance(15 * SECOND)
      await evaluator.tick()
      return evaluator.states()[0]?.reason
    }
    for (let count = 0; count < 30; count += 1) await tick()
    expect(await tick()).toBe('window_not_covered')
    clock.setWallClock(1_000_000)
    await tick()
    expect(await tick()).toBeUndefined()
  })
})

describe('a rule about the values up to a bound', () => {
  const duration = { metric: 'duration_seconds', windowMs: 60 * SECOND }

  function observeIn(metrics: CollectableMetrics) {
    const options = { name: 'duration_seconds', help: 'Duration.', labelNames: ['kind'] }
    return metrics.histogram({ ...options, buckets: [1, 10] })
  }

  it.each([
    ['a share', measure.shareAbove({ ...duration, bound: 30 })],
    ['a number', measure.observations({ ...duration, atMost: 30 })],
    ['a ratio', measure.ratio(measure.observations({ ...duration, atMost: 30 }), depth)],
  ])('has no data for %s where the histogram has no such bucket', async (_, expr) => {
    const { metrics, tick, evaluator } = setUp(rule({ expr, op: '<', threshold: 100 }))
    const series = observeIn(metrics).labels({ kind: 'a' })
    for (let ticks = 0; ticks < 3; ticks += 1) {
      series.observe(60)
      await tick()
    }
    expect(evaluator.states()).toMatchObject([
      { labels: {}, state: 'no_data', reason: 'no_bucket', value: undefined },
    ])
  })

  it('says so before it counts whether there were enough', async () => {
    const expr = measure.shareAbove({ ...duration, bound: 30 })
    const { metrics, tick, evaluator } = setUp(rule({ expr, minSamples: 20 }))
    observeIn(metrics).labels({ kind: 'a' }).observe(60)
    await tick()
    await tick()
    expect(evaluator.states()).toMatchObject([{ state: 'no_data', reason: 'no_bucket' }])
  })

  it('says so where only what must hold as well has no such bucket', async () => {
    const share = (bound: number) => ({
      expr: measure.shareAbove({ ...duration, bound }),
      op: '>' as const,
      threshold: 0.5,
    })
    const { metrics, tick, evaluator } = setUp(rule({ ...share(10), and: [share(30)] }))
    const series = observeIn(metrics).labels({ kind: 'a' })
    for (let ticks = 0; ticks < 3; ticks += 1) {
      series.observe(60)
      await tick()
    }
    expect(evaluator.states()).toMatchObject([{ state: 'no_data', reason: 'no_bucket' }])
  })

  it('judges each label set by its own buckets', async () => {
    const expr = measure.shareAbove({ ...duration, by: ['kind'], bound: 30 })
    let count = 0
    const histogramOf = (kind: string, bounds: readonly number[]) => ({
      labels: { kind },
      histogram: {
        buckets: bounds.map((le) => ({ le, count: le < 60 ? 0 : count })),
        sum: 0,
        count,
      },
    })
    const metrics: CollectableMetrics = {
      ...createMetrics(),
      collect: () => [
        {
          name: 'duration_seconds',
          help: 'Duration.',
          type: 'histogram',
          labelNames: ['kind'],
          series: [histogramOf('a', [30, Infinity]), histogramOf('b', [10, Infinity])],
        },
      ],
    }
    const clock = createTestClock({ now: 1_000_000 })
    const rules = [rule({ expr, threshold: 0.5 })]
    const evaluator = createRuleEvaluator({ rules, source: createRegistrySource(metrics), clock })
    for (let ticks = 0; ticks < 3; ticks += 1) {
      count += 1
      await clock.advance(10 * SECOND)
      await evaluator.tick()
    }
    expect(evaluator.states()).toMatchObject([
      { labels: { kind: 'a' }, state: 'firing', value: 1 },
      { labels: { kind: 'b' }, state: 'no_data', reason: 'no_bucket' },
    ])
  })

  it('is measured as soon as the histogram has the bucket', async () => {
    const { metrics, tick, evaluator } = setUp(
      rule({ expr: measure.shareAbove({ ...duration, bound: 10 }), threshold: 0.5 }),
    )
    const series = observeIn(metrics).labels({ kind: 'a' })
    for (const seconds of [5, 60, 60]) {
      series.observe(seconds)
      await tick()
    }
    expect(evaluator.states()).toMatchObject([{ state: 'firing', value: 1 }])
  })

  it('takes a label set that a repository did not count up to the bound for none', async () => {
    const source = createRepositorySource({
      readings: {
        duration_seconds: {
          count: async ({ atMost }) => [
            { labels: { kind: 'fast' }, value: 4 },
            ...(atMost === null ? [{ labels: { kind: 'slow' }, value: 4 }] : []),
          ],
        },
      },
    })
    const byKind = { ...duration, by: ['kind'] }
    const above = measure.shareAbove({ ...byKind, bound: 30 })
    const within = measure.ratio(
      measure.observations({ ...byKind, atMost: 30 }),
      measure.observations(byKind),
    )
    const rules = [
      rule({ name: 'Above', expr: above, threshold: 0.5 }),
      rule({ name: 'Within', expr: within, op: '<', threshold: 0.5 }),
    ]
    const evaluator = createRuleEvaluator({ rules, source, clock: createTestClock() })
    await evaluator.tick()
    expect(evaluator.states().map(({ labels, value }) => [labels['kind'], value])).toEqual([
      ['fast', 0],
      ['slow', 1],
      ['fast', 1],
      ['slow', 0],
    ])
  })
})

describe('a rule with a minimum of samples', () => {
  const failed = { metric: 'tries_total', windowMs: 60 * SECOND, where: { outcome: 'failed' } }
  const all = { metric: 'tries_total', windowMs: 60 * SECOND }
  const failing = rule({
    expr: measure.ratio(measure.increase(failed), measure.increase(all)),
    threshold: 0.1,
    minSamples: 20,
  })

  it.each([
    [19, 'no_data', 'too_few_samples'],
    [20, 'firing', undefined],
    [21, 'firing', undefined],
  ])('with %d events is %s', async (count, state, reason) => {
    const source = createRepositorySource({
      readings: {
        tries_total: {
          count: async () => [
            { labels: { outcome: 'failed' }, value: 5 },
            { labels: { outcome: 'sent' }, value: count - 5 },
          ],
        },
      },
    })
    const evaluator = createRuleEvaluator({ rules: [failing], source, clock: createTestClock() })
    await evaluator.tick()
    expect(evaluator.states()).toMatchObject([{ state, reason }])
  })

  it('ceases to fire when there are too few', async () => {
    let count = 30
    const source = createRepositorySource({
      readings: {
        tries_total: { count: async () => [{ labels: { outcome: 'failed' }, value: count }] },
      },
    })
    const evaluator = createRuleEvaluator({ rules: [failing], source, clock: createTestClock() })
    await evaluator.tick()
    count = 3
    expect(changes(await evaluator.tick())).toEqual(['firing → no_data'])
  })

  it('fires on with too few for as long as it keeps firing, as in Prometheus', async () => {
    let count = 30
    const source = createRepositorySource({
      readings: {
        tries_total: { count: async () => [{ labels: { outcome: 'failed' }, value: count }] },
      },
    })
    const clock = createTestClock()
    const rules = [rule({ ...failing, keepFiringForMs: 20 * SECOND })]
    const evaluator = createRuleEvaluator({ rules, source, clock })
    const seen = [changes(await evaluator.tick())]
    count = 3
    for (let ticks = 0; ticks < 3; ticks += 1) {
      await clock.advance(10 * SECOND)
      seen.push(changes(await evaluator.tick()))
    }
    expect(seen).toEqual([['inactive → firing'], [], [], ['firing → no_data']])
  })
})

describe('a rule with several conditions', () => {
  const width = measure.gauge({ metric: 'width' })

  /** The states by label, for gauges with these values by label. */
  async function statesFor(
    options: Partial<AlertRuleOptions>,
    values: { depth: Record<string, number>; width: Record<string, number> },
  ): Promise<Record<string, string>> {
    const { metrics, tick, evaluator } = setUp(rule(options))
    for (const [name, byKind] of Object.entries(values)) {
      const gauge = metrics.gauge({ name, help: 'A gauge.', labelNames: ['kind'] })
      for (const [kind, value] of Object.entries(byKind)) gauge.labels({ kind }).set(value)
    }
    await tick()
    return Object.fromEntries(
      evaluator.states().map(({ labels, state }) => [labels['kind'] ?? '', state]),
    )
  }
  const wide = { expr: width, op: '>', threshold: 10 } as const
  const values = {
    depth: { both: 11, deep: 11, wide: 1, neither: 1, alone: 11, none: Number.NaN },
    width: { both: 11, deep: 1, wide: 11, neither: 1, none: 11, other: 11 },
  }

  it('fires where all of `and` hold for the same label set', async () => {
    expect(await statesFor({ and: [wide] }, values)).toEqual({
      both: 'firing',
      deep: 'inactive',
      wide: 'inactive',
      neither: 'inactive',
      alone: 'no_data',
      none: 'no_data',
    })
  })

  it('fires where one of `or` holds', async () => {
    expect(await statesFor({ or: [wide] }, values)).toEqual({
      both: 'firing',
      deep: 'firing',
      wide: 'firing',
      neither: 'inactive',
      alone: 'firing',
      none: 'firing',
      other: 'firing',
    })
  })

  it('says that a target is down or not there at all', async () => {
    const down = rule({
      expr: measure.gauge({ metric: 'up', where: { job: 'api' } }),
      op: '==',
      threshold: 0,
      or: [
        { expr: measure.absent({ metric: 'up', where: { job: 'api' } }), op: '==', threshold: 1 },
      ],
    })
    const { metrics, tick, evaluator } = setUp(down)
    await tick()
    expect(evaluator.states()).toMatchObject([{ labels: { job: 'api' }, state: 'firing' }])
    const up = metrics
      .gauge({ name: 'up', help: 'Up.', labelNames: ['job'] })
      .labels({ job: 'api' })
    up.set(1)
    expect(changes(await tick())).toEqual(['firing → inactive'])
    up.set(0)
    expect(changes(await tick())).toEqual(['inactive → firing'])
  })
})
