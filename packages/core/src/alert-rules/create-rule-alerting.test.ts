import { describe, expect, it } from 'vitest'

import { createAlertManager } from '../alert-manager/create-alert-manager.ts'
import { createMemoryAlertManagerStore } from '../alert-manager/memory-alert-manager-store.ts'
import type { AlertManagerOptions } from '../alert-manager/parse-alert-manager-options.ts'
import { createMetrics } from '../metrics/create-metrics.ts'
import { type FaultPlan, faulty } from '../testing/faulty.ts'
import { createRecordingChannel } from '../testing/recording-channel.ts'
import { createTestClock } from '../testing/test-clock.ts'
import { createRegistrySource } from './create-registry-source.ts'
import { createRepositorySource } from './create-repository-source.ts'
import { createRuleAlerting, type RuleAlertingOptions } from './create-rule-alerting.ts'
import { createRuleEvaluator } from './create-rule-evaluator.ts'
import { type AlertRuleOptions, defineAlertRule } from './define-alert-rule.ts'
import { measure } from './measure.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const TICK = 15 * SECOND
const START = Date.UTC(2026, 1, 1)

function rule(options: Partial<AlertRuleOptions> = {}): ReturnType<typeof defineAlertRule> {
  return defineAlertRule({
    name: 'QueueTooLong',
    severity: 'critical',
    expr: measure.gauge({ metric: 'queue_length', by: ['queue'] }),
    op: '>',
    threshold: 100,
    runbookUrl: 'https://runbooks.example/queue-too-long',
    summary: 'More than 100 payouts wait.',
    ...options,
  })
}

type ProcessOptions = Pick<RuleAlertingOptions, 'labels'> & {
  readonly rules?: readonly ReturnType<typeof rule>[]
  readonly manager?: Pick<AlertManagerOptions, 'limits' | 'resolveAfterMs'>
}

/** Any number of processes over one store, which `faults` makes unreliable. */
function createWorld() {
  const clock = createTestClock({ now: START })
  const kept = createMemoryAlertManagerStore()
  const world = { faults: (() => undefined) as FaultPlan }
  const store = faulty(kept, (call) => world.faults(call))
  const team = createRecordingChannel()
  const lines: { readonly facts: object; readonly message: string }[] = []
  const log = (facts: object, message: string): void => void lines.push({ facts, message })

  function start({ rules = [rule()], manager: given, ...options }: ProcessOptions = {}) {
    const metrics = createMetrics()
    const gauge = metrics.gauge({
      name: 'queue_length',
      help: 'Payouts that wait.',
      labelNames: ['queue'],
    })
    const evaluator = createRuleEvaluator({ rules, source: createRegistrySource(metrics), clock })
    const manager = createAlertManager({
      policy: { route: { receiver: 'team', groupWaitMs: 0, groupIntervalMs: MINUTE } },
      channels: { team },
      store,
      clock,
      random: () => 0,
      ...given,
    })
    const logger = { debug: log, info: log, warn: log, error: log }
    const alerting = createRuleAlerting({ evaluator, manager, clock, logger, ...options })
    return {
      alerting,
      manager,
      evaluator,
      set: (queue: string, length: number) => gauge.labels({ queue }).set(length),
    }
  }

  let seen = 0
  return Object.assign(world, {
    clock,
    start,
    lines,
    /** Time passes, and each of the processes does what it does on its timers. */
    async pass(ms: number, ...processes: readonly ReturnType<typeof start>[]) {
      for (let left = ms; left > 0; left -= TICK) {
        await clock.advance(TICK)
        for (const { alerting } of processes) await alerting.tick()
        for (const { manager } of processes) await manager.tick().catch(() => {})
      }
    },
    /** What people heard since they were asked last. */
    heard() {
      const news = team.notifications.slice(seen)
      seen = team.notifications.length
      return news.map(({ reason, alerts }) => {
        const firing = alerts.filter(({ status }) => status === 'firing')
        return [reason, ...firing.map(({ labels }) => Object.values(labels).join('/'))].join(' ')
      })
    },
    async firing() {
      const stored = await kept.listAlerts(100)
      return stored.flatMap(({ alert, endsAt }) =>
        endsAt === null ? [Object.values(alert.labels).join('/')] : [],
      )
    },
  })
}

const failing: FaultPlan = ({ method }) => (method === 'put' ? { kind: 'fail' } : undefined)

describe('createRuleAlerting', () => {
  it('fires what begins, and resolves what ends', async () => {
    const world = createWorld()
    const process = world.start()
    process.set('card', 140)
    process.set('sepa', 3)
    await world.clock.advance(TICK)
    expect(await process.alerting.tick()).toMatchObject({
      at: START + TICK,
      fired: 1,
      resolved: 0,
      failures: [],
      transitions: [{ state: 'firing', labels: { queue: 'card' } }],
    })
    const [alert] = await process.manager.alerts()
    expect(alert).toMatchObject({
      name: 'QueueTooLong',
      severity: 'critical',
      labels: { queue: 'card' },
      summary: 'More than 100 payouts wait.',
      runbookUrl: 'https://runbooks.example/queue-too-long',
      value: 140,
      startsAt: START + TICK,
      source: 'alert-rules',
    })
    await world.pass(MINUTE, process)
    process.set('card', 3)
    await world.clock.advance(TICK)
    expect(await process.alerting.tick()).toMatchObject({ fired: 0, resolved: 1 })
    await world.pass(MINUTE, process)
    expect(world.heard()).toEqual(['firing card', 'resolved'])
    expect(await process.alerting.tick()).toMatchObject({ fired: 0, resolved: 0 })
  })

  it('tells of a rule that began to fire while the store was away', async () => {
    const world = createWorld()
    const process = world.start()
    process.set('card', 140)
    world.faults = failing
    await world.pass(TICK, process)
    expect(await world.firing()).toEqual([])
    world.faults = () => undefined
    await world.pass(MINUTE, process)
    expect(world.heard()).toEqual(['firing card'])
  })

  it('tells the end of one that ended while the store was away, with the moment when it did', async () => {
    const world = createWorld()
    const process = world.start()
    process.set('card', 140)
    await world.pass(MINUTE, process)
    process.set('card', 3)
    world.faults = failing
    await world.pass(MINUTE, process)
    expect(await world.firing()).toEqual(['card'])
    world.faults = () => undefined
    await world.clock.advance(TICK)
    await process.alerting.tick()
    expect(await process.manager.alerts()).toMatchObject([{ endsAt: START + MINUTE + TICK }])
    await world.pass(MINUTE, process)
    expect(world.heard()).toEqual(['firing card', 'resolved'])
  })

  it('ends what the store took in although its answer was lost', async () => {
    const world = createWorld()
    const process = world.start()
    process.set('card', 140)
    world.faults = ({ method }) => (method === 'put' ? { kind: 'fail-after' } : undefined)
    await world.pass(TICK, process)
    expect(await world.firing()).toEqual(['card'])
    world.faults = () => undefined
    process.set('card', 3)
    await world.pass(TICK, process)
    expect(await world.firing()).toEqual([])
  })

  it('lets no failure stand in the way of the others, and says which it was', async () => {
    const world = createWorld()
    const process = world.start()
    const cause = new Error('connection lost')
    const manager = {
      ...process.manager,
      fire: async (alert: Parameters<typeof process.manager.fire>[0]) => {
        if (alert.labels['queue'] === 'card') throw cause
        return process.manager.fire(alert)
      },
    }
    const alerting = createRuleAlerting({
      evaluator: process.evaluator,
      manager,
      clock: world.clock,
    })
    process.set('card', 140)
    process.set('sepa', 140)
    await world.clock.advance(TICK)
    expect(await alerting.tick()).toMatchObject({
      fired: 1,
      failures: [
        { step: 'fire', identity: { name: 'QueueTooLong', labels: { queue: 'card' } }, cause },
      ],
    })
    expect(await world.firing()).toEqual(['sepa'])
  })

  it('tries again what the manager refused', async () => {
    const world = createWorld()
    const process = world.start({ manager: { limits: { alerts: 2 } } })
    process.set('card', 140)
    process.set('refunds', 140)
    await world.pass(TICK, process)
    process.set('sepa', 140)
    await world.clock.advance(TICK)
    expect(await process.alerting.tick()).toMatchObject({
      fired: 2,
      failures: [{ step: 'fire', identity: { labels: { queue: 'sepa' } }, refusal: 'alert-limit' }],
    })
    // The manager announces that it is full by an alert, which needs room too.
    process.set('card', 3)
    process.set('refunds', 3)
    await world.pass(5 * MINUTE, process)
    expect(await world.firing()).toContain('sepa')
  })

  it('fires again what somebody resolved while its rule goes on to fire', async () => {
    const world = createWorld()
    const process = world.start()
    process.set('card', 140)
    await world.pass(MINUTE, process)
    await process.manager.resolve({ name: 'QueueTooLong', labels: { queue: 'card' } })
    await world.pass(TICK, process)
    expect(await world.firing()).toEqual(['card'])
  })

  it('keeps alive what fires, where the manager ends what is not fired again', async () => {
    const world = createWorld()
    const process = world.start({ manager: { resolveAfterMs: MINUTE } })
    process.set('card', 140)
    await world.pass(60 * MINUTE, process)
    expect(world.heard()).toEqual(['firing card'])
  })

  it('fires one alert where labels of the rule make several series one', async () => {
    const world = createWorld()
    const process = world.start({ rules: [rule({ labels: { queue: 'any' } })] })
    process.set('card', 140)
    process.set('sepa', 140)
    await world.clock.advance(TICK)
    expect(await process.alerting.tick()).toMatchObject({ fired: 1 })
    process.set('card', 3)
    await world.pass(MINUTE, process)
    expect(await world.firing()).toEqual(['any'])
    process.set('sepa', 3)
    await world.pass(MINUTE, process)
    expect(world.heard()).toEqual(['firing any', 'resolved'])
  })

  it('ends an alert whose rule has lost its data, as Prometheus does', async () => {
    const world = createWorld()
    const process = world.start()
    process.set('card', 140)
    await world.pass(MINUTE, process)
    process.set('card', Number.NaN)
    await world.pass(MINUTE, process)
    expect(world.heard()).toEqual(['firing card', 'resolved'])
  })

  it('goes on to fire what it cannot measure', async () => {
    const world = createWorld()
    const { manager } = world.start()
    let isDown = false
    const source = createRepositorySource({
      readings: {
        queue_length: {
          value: async () => {
            if (isDown) throw new Error('the database is away')
            return [{ labels: { queue: 'card' }, value: 140 }]
          },
        },
      },
    })
    const evaluator = createRuleEvaluator({ rules: [rule()], source, clock: world.clock })
    const alerting = createRuleAlerting({ evaluator, manager, clock: world.clock })
    await alerting.tick()
    isDown = true
    await world.clock.advance(TICK)
    expect(await alerting.tick()).toMatchObject({
      fired: 1,
      failures: [{ step: 'measure', rule: { name: 'QueueTooLong' } }],
    })
    expect(await world.firing()).toEqual(['card'])
  })

  it('fires and resolves as of the tick before where the evaluator itself fails', async () => {
    const world = createWorld()
    const process = world.start()
    process.set('card', 140)
    await world.pass(TICK, process)
    const cause = new Error('broken')
    const alerting = createRuleAlerting({
      evaluator: { ...process.evaluator, tick: () => Promise.reject(cause) },
      manager: process.manager,
      clock: world.clock,
    })
    expect(await alerting.tick()).toMatchObject({
      at: START + TICK,
      fired: 1,
      failures: [{ step: 'evaluate', cause }],
    })
  })

  it('does once what several calls ask for while a tick is under way', async () => {
    const world = createWorld()
    const process = world.start()
    const [first, second] = await Promise.all([process.alerting.tick(), process.alerting.tick()])
    expect(second).toBe(first)
    expect(await process.alerting.tick()).not.toBe(first)
  })

  it('logs each kind of failure once in a tick', async () => {
    const world = createWorld()
    const process = world.start()
    for (const queue of ['card', 'sepa', 'refunds']) process.set(queue, 140)
    world.faults = failing
    await process.alerting.tick()
    expect(world.lines).toMatchObject([
      { facts: { step: 'fire', count: 3, alert: { labels: { queue: 'card' } } } },
    ])
  })

  it('refuses an interval and labels that are none', () => {
    const { evaluator, manager } = createWorld().start()
    const given = { evaluator, manager }
    expect(() => createRuleAlerting({ ...given, intervalMs: 0 })).toThrow('`intervalMs` must be')
    for (const labels of [{ replica: 1 }, { replica: '' }, null, 'a']) {
      expect(() => createRuleAlerting({ ...given, labels: labels as never })).toThrow(
        '`labels` must be',
      )
    }
  })
})

describe('run', () => {
  it('ticks at once and at each interval, until its signal aborts', async () => {
    const world = createWorld()
    const process = world.start()
    const stopping = new AbortController()
    const running = process.alerting.run({ signal: stopping.signal })
    process.set('card', 140)
    await world.clock.advance(0)
    await world.clock.advance(TICK)
    expect(await world.firing()).toEqual(['card'])
    process.set('card', 3)
    await world.clock.advance(TICK)
    expect(await world.firing()).toEqual([])
    stopping.abort()
    await running
    expect(world.clock.pending).toBe(0)
  })

  it('does nothing where the signal has aborted before', async () => {
    const world = createWorld()
    const process = world.start()
    process.set('card', 140)
    await process.alerting.run({ signal: AbortSignal.abort() })
    expect(await world.firing()).toEqual([])
  })

  it('does not call a shutdown a failure', async () => {
    const world = createWorld()
    const { manager } = world.start()
    const source = createRepositorySource({
      readings: { queue_length: { value: () => new Promise(() => {}) } },
    })
    const evaluator = createRuleEvaluator({ rules: [rule()], source, clock: world.clock })
    const lines: string[] = []
    const log = (_facts: object, message: string): void => void lines.push(message)
    const logger = { debug: log, info: log, warn: log, error: log }
    const alerting = createRuleAlerting({ evaluator, manager, clock: world.clock, logger })
    const stopping = new AbortController()
    const running = alerting.run({ signal: stopping.signal })
    await world.clock.advance(0)
    stopping.abort()
    await running
    expect(lines).toEqual([])
  })
})

describe('after a restart over the same store', () => {
  it('ends what ended meanwhile', async () => {
    const world = createWorld()
    const before = world.start()
    before.set('card', 140)
    await world.pass(MINUTE, before)
    const after = world.start()
    after.set('card', 3)
    await world.pass(2 * MINUTE, after)
    expect(world.heard()).toEqual(['firing card', 'resolved'])
  })

  it('does not tell the end of what still holds, though the rule must wait to fire again', async () => {
    const world = createWorld()
    const rules = [rule({ forMs: 5 * MINUTE })]
    const before = world.start({ rules })
    before.set('card', 140)
    await world.pass(10 * MINUTE, before)
    const after = world.start({ rules })
    after.set('card', 140)
    await world.pass(20 * MINUTE, after)
    expect(world.heard()).toEqual(['firing card'])
    after.set('card', 3)
    await world.pass(2 * MINUTE, after)
    expect(world.heard()).toEqual(['resolved'])
  })

  it('ends nothing before it has run for as long as the rule waits and goes on to fire', async () => {
    const world = createWorld()
    const rules = [rule({ forMs: 2 * MINUTE, keepFiringForMs: MINUTE })]
    const before = world.start({ rules })
    before.set('card', 140)
    await world.pass(5 * MINUTE, before)
    const after = world.start({ rules })
    after.set('card', 3)
    await world.pass(3 * MINUTE, after)
    expect(await world.firing()).toEqual(['card'])
    await world.pass(TICK, after)
    expect(await world.firing()).toEqual([])
  })

  it('ends nothing of a rule that has no data yet, and all of it once there is some', async () => {
    const world = createWorld()
    const before = world.start()
    before.set('card', 140)
    before.set('sepa', 140)
    await world.pass(MINUTE, before)
    const after = world.start()
    await world.pass(60 * MINUTE, after)
    after.set('card', Number.NaN)
    await world.pass(60 * MINUTE, after)
    expect(world.heard()).toEqual(['firing card sepa'])
    after.set('card', 3)
    await world.pass(2 * MINUTE, after)
    expect(world.heard()).toEqual(['resolved'])
  })

  it('leaves alone the alert whose own series has no data, while others of its rule have', async () => {
    const world = createWorld()
    const before = world.start()
    before.set('card', 140)
    await world.pass(MINUTE, before)
    const after = world.start()
    after.set('card', Number.NaN)
    after.set('sepa', 3)
    await world.pass(MINUTE, after)
    expect(await world.firing()).toEqual(['card'])
  })

  it('finds out what was left once the store answers', async () => {
    const world = createWorld()
    const before = world.start()
    before.set('card', 140)
    await world.pass(MINUTE, before)
    world.faults = ({ method }) => (method === 'listAlerts' ? { kind: 'fail' } : undefined)
    const after = world.start()
    after.set('card', 3)
    after.set('sepa', 140)
    await world.clock.advance(TICK)
    expect(await after.alerting.tick()).toMatchObject({ fired: 1, failures: [{ step: 'list' }] })
    expect(await world.firing()).toEqual(expect.arrayContaining(['card', 'sepa']))
    world.faults = () => undefined
    await world.pass(TICK, after)
    expect(await world.firing()).toEqual(['sepa'])
  })

  it('leaves alone what others fired, and rules that it does not have', async () => {
    const world = createWorld()
    const before = world.start({ rules: [rule({ name: 'Removed' })] })
    before.set('card', 140)
    await world.pass(TICK, before)
    const common = { severity: 'high', summary: 'Too long.', startsAt: START } as const
    await before.manager.fire({
      ...common,
      name: 'QueueTooLong',
      labels: { queue: 'by-hand' },
      source: 'people',
    })
    const after = world.start()
    after.set('card', 3)
    await world.pass(10 * MINUTE, after)
    expect((await world.firing()).toSorted()).toEqual(['by-hand', 'card'])
  })
})

describe('two replicas over registries of their own', () => {
  it('are two alerts by their labels, and neither ends that of the other', async () => {
    const world = createWorld()
    const [a, b] = ['a', 'b'].map((replica) => world.start({ labels: { replica } }))
    a!.set('card', 140)
    b!.set('card', 140)
    await world.pass(MINUTE, a!, b!)
    expect((await world.firing()).toSorted()).toEqual(['card/a', 'card/b'])
    b!.set('card', 3)
    await world.pass(10 * MINUTE, a!, b!)
    expect(await world.firing()).toEqual(['card/a'])

    // A new process of b is given nothing of what a left.
    const again = world.start({ labels: { replica: 'b' } })
    again.set('card', 3)
    await world.pass(MINUTE, again)
    expect(await world.firing()).toEqual(['card/a'])
    a!.set('card', 3)
    await world.pass(MINUTE, a!, again)
    expect(await world.firing()).toEqual([])
  })

  it('do not take turns at ending and firing where they lack labels', async () => {
    const world = createWorld()
    const [a, b] = [world.start(), world.start()]
    a.set('card', 140)
    b.set('card', 3)
    await world.pass(30 * MINUTE, a, b)
    expect(world.heard()).toEqual(['firing card'])
  })
})

describe('two replicas over one repository', () => {
  it('are one alert, which is told once and ends once', async () => {
    const world = createWorld()
    let length = 140
    const source = createRepositorySource({
      readings: { queue_length: { value: async () => [{ labels: {}, value: length }] } },
    })
    const replicas = [0, 1].map(() => {
      const process = world.start()
      const evaluator = createRuleEvaluator({ rules: [rule()], source, clock: world.clock })
      const { manager } = process
      const alerting = createRuleAlerting({ evaluator, manager, clock: world.clock })
      return Object.assign(process, { evaluator, alerting })
    })
    await world.pass(5 * MINUTE, ...replicas)
    length = 3
    await world.pass(5 * MINUTE, ...replicas)
    expect(world.heard()).toEqual(['firing ', 'resolved'])
  })
})
