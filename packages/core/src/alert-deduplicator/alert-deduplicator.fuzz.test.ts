import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { systemClock } from '../runtime/clock.ts'
import type {
  AlertDecision,
  AlertNotice,
  StoredAlertDecision,
  StoredUnconfirmedAlertNotice,
  UnconfirmedAlertNotice,
} from './alert-decision.ts'
import { createAlertDeduplicator } from './create-alert-deduplicator.ts'
import { createMemoryAlertDeduplicatorStore } from './memory-alert-deduplicator-store.ts'

const LEASE_MS = 7
const MAX_KEYS = 3

type Step =
  | { readonly do: 'fail' | 'succeed' | 'reset'; readonly key: string }
  | { readonly do: 'advance' | 'setThreshold' | 'setCooldown'; readonly by: number }
  /** Confirms one of the notices so far, an old one or one already confirmed as likely as not. */
  | { readonly do: 'delivered' | 'undelivered'; readonly back: number }

const key = fc.constantFrom('a', 'b', '__proto__', 'd', '')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('fail' as const), key }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('succeed' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reset' as const), key }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('advance' as const), by: fc.nat(12) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('setThreshold' as const),
      by: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('setCooldown' as const), by: fc.nat(20) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('delivered' as const, 'undelivered' as const),
      back: fc.nat(3),
    }),
  },
)
const steps = fc.array(step, { minLength: 100, maxLength: 150 })

/** What one step shows to the outside. Times are left to the named tests. */
interface Observation {
  readonly decision: string
  readonly counts: readonly number[]
  readonly suppressed: number | undefined
}

const KEYS = ['a', 'b', '__proto__', 'd', '']

/**
 * The rules once more, as naively as they can be said: an incident a key, looked up by walking over a
 * list, and no thought of speed.
 */
function createModel(confirm: 'auto' | 'manual') {
  interface Incident {
    key: string
    failures: number
    /** How many of them people had heard of. */
    heard: number
    working: boolean
    people: 'know nothing' | 'should know' | 'know' | 'may know'
    knowSince: number
    delivery: { id: number; reason: string; since: number } | undefined
  }
  let incidents: Incident[] = []
  /** Incidents in the order in which they became quiet. */
  let quiet: Incident[] = []
  let now = 0
  let threshold = 3
  let cooldownMs = 10
  let lastId = 0
  const ids: { id: number; key: string }[] = []

  const find = (key: string) => incidents.find((incident) => incident.key === key)

  function tidy(): void {
    incidents = incidents.filter(
      (one) => !(one.working && one.people === 'know nothing' && one.delivery === undefined),
    )
    const isQuiet = (one: Incident) => one.people === 'know nothing' && one.delivery === undefined
    quiet = quiet.filter((one) => incidents.includes(one) && isQuiet(one))
    for (const one of incidents) if (isQuiet(one) && !quiet.includes(one)) quiet.push(one)
  }

  function confirmDelivery(one: Incident, reason: string, reached: boolean): void {
    one.delivery = undefined
    if (reached && reason === 'resolved') one.people = 'know nothing'
    if (reached && reason !== 'resolved') {
      one.people = 'know'
      one.knowSince = now
      one.heard = one.failures
    }
    if (!reached && reason === 'firing' && one.people === 'know nothing') one.people = 'should know'
    if (one.people === 'should know' && one.working) one.people = 'know nothing'
  }

  function decide(one: Incident, reason: string): [string, number] {
    const suppressed = one.failures - one.heard - (reason === 'resolved' ? 0 : 1)
    if (one.delivery !== undefined && one.delivery.reason !== 'repeat') one.people = 'may know'
    lastId += 1
    ids.push({ id: lastId, key: one.key })
    one.delivery = { id: lastId, reason, since: now }
    if (confirm === 'auto') confirmDelivery(one, reason, true)
    return [reason, suppressed]
  }

  function fail(key: string): [string, number?] {
    let one = find(key)
    if (one === undefined) {
      if (incidents.length >= MAX_KEYS) {
        const oldest = quiet[0]
        if (oldest === undefined) return ['at-capacity']
        incidents = incidents.filter((other) => other !== oldest)
      }
      one = {
        key,
        failures: 0,
        heard: 0,
        working: true,
        people: 'know nothing',
        knowSince: 0,
        delivery: undefined,
      }
      incidents.push(one)
    }
    if (one.working) Object.assign(one, { working: false, failures: 0, heard: 0 })
    one.failures += 1
    const isUnderWay = one.delivery !== undefined && now < one.delivery.since + LEASE_MS
    if (isUnderWay) return ['delivery-pending']
    if (one.failures < threshold) return ['below-threshold']
    const isOpen =
      one.delivery === undefined ? one.people === 'know' : one.delivery.reason === 'repeat'
    if (!isOpen) return decide(one, 'firing')
    if (now < one.knowSince + cooldownMs) return ['cooling-down']
    return decide(one, 'repeat')
  }

  function succeed(key: string): [string, number?] {
    const one = find(key)
    if (one === undefined) return ['not-alerted']
    one.working = true
    if (one.delivery !== undefined && now < one.delivery.since + LEASE_MS) {
      return ['delivery-pending']
    }
    const mayKnow = one.delivery !== undefined || one.people === 'know' || one.people === 'may know'
    if (mayKnow) return decide(one, 'resolved')
    one.people = 'know nothing'
    return ['not-alerted']
  }

  function apply(step: Step): [string, number?] {
    switch (step.do) {
      case 'fail':
        return fail(step.key)
      case 'succeed':
        return succeed(step.key)
      case 'reset':
        incidents = incidents.filter(({ key }) => key !== step.key)
        return ['']
      case 'advance':
        now += step.by
        return ['']
      case 'setThreshold':
        threshold = step.by
        return ['']
      case 'setCooldown':
        cooldownMs = step.by
        return ['']
      case 'delivered':
      case 'undelivered': {
        const confirmed = ids.at(-1 - step.back)
        const one = confirmed && find(confirmed.key)
        if (confirm === 'manual' && one?.delivery?.id === confirmed?.id && one?.delivery) {
          confirmDelivery(one, one.delivery.reason, step.do === 'delivered')
        }
        return ['']
      }
    }
  }

  return (step: Step): Observation => {
    const [decision, suppressed] = apply(step)
    tidy()
    const counts = KEYS.map((key) => {
      const one = find(key)
      return one === undefined || one.working ? 0 : one.failures
    })
    return { decision, counts, suppressed }
  }
}

/** A clock without timers: a test clock would wait for promises at each of 100,000 steps. */
function createStepClock() {
  let elapsedMs = 0
  return {
    clock: { ...systemClock, now: () => 1_000 + elapsedMs, monotonic: () => elapsedMs },
    advance: (ms: number): void => {
      elapsedMs += ms
    },
  }
}

const OPTIONS = { cooldownMs: 10, deliveryLeaseMs: LEASE_MS, maxKeys: MAX_KEYS }

function createSubject(confirm: 'auto' | 'manual', maxKeys = MAX_KEYS) {
  const { clock, advance } = createStepClock()
  const deduplicator = createAlertDeduplicator({ ...OPTIONS, maxKeys, clock, confirm })
  const notices: AlertNotice[] = []

  function apply(step: Step): AlertDecision | undefined {
    switch (step.do) {
      case 'fail':
        return deduplicator.fail(step.key)
      case 'succeed':
        return deduplicator.succeed(step.key)
      case 'reset':
        deduplicator.reset(step.key)
        return undefined
      case 'advance':
        advance(step.by)
        return undefined
      case 'setThreshold':
        deduplicator.setThreshold(step.by)
        return undefined
      case 'setCooldown':
        deduplicator.setCooldown(step.by)
        return undefined
      case 'delivered':
      case 'undelivered': {
        const notice = notices.at(-1 - step.back)
        if (notice !== undefined && step.do in notice) (notice as UnconfirmedAlertNotice)[step.do]()
        return undefined
      }
    }
  }

  return (step: Step): Observation => {
    const decision = apply(step)
    if (decision !== undefined && decision.reason !== null) notices.push(decision)
    const counts = KEYS.map((key) => deduplicator.failureCount(key))
    const active = deduplicator.activeFailures()
    expect(active.length).toBe(counts.filter((count) => count > 0).length)
    expect(deduplicator.keyCount).toBeLessThanOrEqual(maxKeys)
    return { ...observe(decision), counts }
  }
}

function createStoredSubject(confirm: 'auto' | 'manual', maxKeys: number) {
  const { clock, advance } = createStepClock()
  const store = createMemoryAlertDeduplicatorStore()
  const options = { ...OPTIONS, maxKeys, clock, confirm, store }
  // Two of them take turns: what one decides the other goes on from.
  const deduplicators = [
    createAlertDeduplicator(options),
    createAlertDeduplicator(options),
  ] as const
  const notices: AlertNotice[] = []
  let turn = 0

  async function apply(step: Step): Promise<StoredAlertDecision | undefined> {
    turn += 1
    const deduplicator = deduplicators[turn % 2 === 0 ? 0 : 1]
    switch (step.do) {
      case 'fail':
        return deduplicator.fail(step.key)
      case 'succeed':
        return deduplicator.succeed(step.key)
      case 'reset':
        await deduplicator.reset(step.key)
        return undefined
      case 'advance':
        advance(step.by)
        return undefined
      case 'setThreshold':
        await Promise.all(deduplicators.map((one) => one.setThreshold(step.by)))
        return undefined
      case 'setCooldown':
        await Promise.all(deduplicators.map((one) => one.setCooldown(step.by)))
        return undefined
      case 'delivered':
      case 'undelivered': {
        const notice = notices.at(-1 - step.back)
        if (notice !== undefined && step.do in notice) {
          await (notice as StoredUnconfirmedAlertNotice)[step.do]()
        }
        return undefined
      }
    }
  }

  return async (step: Step): Promise<Observation> => {
    const decision = await apply(step)
    if (decision !== undefined && decision.reason !== null) notices.push(decision)
    const counts = await Promise.all(KEYS.map((key) => deduplicators[0].failureCount(key)))
    return { ...observe(decision), counts }
  }
}

function observe(
  decision: AlertDecision | StoredAlertDecision | undefined,
): Pick<Observation, 'decision' | 'suppressed'> {
  if (decision === undefined) return { decision: '', suppressed: undefined }
  if (decision.reason === null) return { decision: decision.why, suppressed: undefined }
  return { decision: decision.reason, suppressed: decision.suppressedCount }
}

describe.each(['auto', 'manual'] as const)('with %s confirmation', (confirm) => {
  test('agrees with the model over 100,000 steps', () => {
    let stepCount = 0
    const seen = new Set<string>()
    fc.assert(
      fc.property(steps, (steps) => {
        const model = createModel(confirm)
        const subject = createSubject(confirm)
        for (const step of steps) {
          const expected = model(step)
          expect(subject(step)).toEqual(expected)
          seen.add(expected.decision)
          stepCount += 1
        }
      }),
      { numRuns: 1_000 },
    )
    expect(stepCount).toBeGreaterThanOrEqual(100_000)
    // A property that never meets the interesting decisions would prove nothing.
    const quiet = ['', 'below-threshold', 'cooling-down', 'not-alerted', 'at-capacity']
    if (confirm === 'manual') quiet.push('delivery-pending')
    expect([...seen].sort()).toEqual([...quiet, 'firing', 'repeat', 'resolved'].sort())
  })

  test('decides the same over a store, where two take turns', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        const subject = createSubject(confirm, KEYS.length)
        const stored = createStoredSubject(confirm, KEYS.length)
        for (const step of steps) expect(await stored(step)).toEqual(subject(step))
      }),
      { numRuns: 200 },
    )
  })
})
