import { describe, expect, it } from 'vitest'

import type { AlertChannel, AlertResending } from '../alerts/alert-channel.ts'
import type { Alert } from '../alerts/alert.ts'
import type { HttpFetch, HttpResponse } from '../channels/alert-channel-options.ts'
import type { AlertmanagerAlert } from '../channels/alertmanager-alert.ts'
import { alertmanagerChannel } from '../channels/alertmanager-channel.ts'
import { createMetrics } from '../metrics/create-metrics.ts'
import { faulty } from '../testing/faulty.ts'
import { createRecordingChannel } from '../testing/recording-channel.ts'
import { createTestClock } from '../testing/test-clock.ts'
import type { AlertManager } from './alert-manager.ts'
import { createAlertManager } from './create-alert-manager.ts'
import { createMemoryAlertManagerStore } from './memory-alert-manager-store.ts'
import type { AlertManagerOptions } from './parse-alert-manager-options.ts'
import type { AlertRoute } from './policy/alert-policy.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

function alert(name: string, given: Partial<Alert> = {}): Alert {
  return {
    name,
    severity: 'high',
    labels: {},
    summary: `${name} has not settled.`,
    startsAt: 0,
    source: 'test',
    ...given,
  }
}

/** An Alertmanager to which any number of processes with one store send what they know. */
function startWorld({
  route = {},
  ...options
}: { route?: Partial<AlertRoute> } & Partial<AlertManagerOptions> = {}) {
  const clock = createTestClock()
  const store = createMemoryAlertManagerStore()
  /** By name, until when an alert fires there. */
  const firesUntil = new Map<string, number>()
  let answer = async (): Promise<HttpResponse> => new Response(null, { status: 200 })
  const fetch: HttpFetch = async (_url, { body }) => {
    const response = await answer()
    for (const { labels, endsAt } of JSON.parse(body) as AlertmanagerAlert[]) {
      firesUntil.set(labels['alertname'] ?? '', Date.parse(endsAt))
    }
    return response
  }
  const startProcess = (): AlertManager =>
    createAlertManager({
      policy: { route: { receiver: 'am', groupWaitMs: 0, groupIntervalMs: MINUTE, ...route } },
      store,
      clock,
      ...options,
      channels: {
        am: alertmanagerChannel({ url: 'http://alertmanager:9093', fetch, clock }),
        ...options.channels,
      },
    })
  return {
    clock,
    startProcess,
    /** What fires there now. */
    firing: () => [...firesUntil].filter(([, until]) => until > clock.now()).map(([name]) => name),
    /** Answers the next request only when it is told to. */
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      answer = async () => {
        answer = async () => new Response(null, { status: 200 })
        await promise
        return new Response(null, { status: 200 })
      }
      return resolve
    },
    /** Lets time pass, and each process look every ten seconds for what is due. */
    pass: async (ms: number, processes: readonly AlertManager[]) => {
      for (let left = ms; left > 0; left -= 10 * SECOND) {
        await clock.advance(Math.min(left, 10 * SECOND))
        for (const each of processes) await each.tick()
      }
    },
  }
}

describe('what an Alertmanager is sent again', () => {
  it('fires for as long as it does here, and ends at once', async () => {
    const { startProcess, pass, firing } = startWorld()
    const manager = startProcess()
    await manager.fire(alert('A'))
    await manager.fire(alert('B'))
    await manager.tick()
    await pass(HOUR, [manager])
    expect(firing()).toEqual(['A', 'B'])
    await manager.resolve(alert('A'))
    await pass(MINUTE, [manager])
    expect(firing()).toEqual(['B'])
    await pass(HOUR, [manager])
    expect(firing()).toEqual(['B'])
  })

  it('ends also when another process has told its end', async () => {
    const { startProcess, pass, firing } = startWorld()
    const [first, second] = [startProcess(), startProcess()]
    await first.fire(alert('A'))
    await first.tick()
    await pass(100 * SECOND, [first, second])
    await second.resolve(alert('A'))
    // Only the second finds the group due, so that the first is told nothing of the end.
    await pass(MINUTE, [second])
    expect(firing()).toEqual([])
    await pass(HOUR, [first, second])
    expect(firing()).toEqual([])
  })

  it('ends within four minutes where the route does not tell of ends', async () => {
    const { startProcess, pass, firing } = startWorld({ route: { sendResolved: false } })
    const manager = startProcess()
    await manager.fire(alert('A'))
    await manager.tick()
    await pass(100 * SECOND, [manager])
    await manager.resolve(alert('A'))
    await pass(4 * MINUTE, [manager])
    expect(firing()).toEqual([])
    await pass(HOUR, [manager])
    expect(firing()).toEqual([])
  })

  it('is known to the process that comes after a restart', async () => {
    const { startProcess, pass, firing, clock } = startWorld()
    const before = startProcess()
    await before.fire(alert('A'))
    await before.tick()
    await pass(130 * SECOND, [before])
    await before.close()
    await clock.advance(MINUTE)
    const after = startProcess()
    for (let minute = 0; minute < 120; minute += 1) {
      await pass(MINUTE, [after])
      expect(firing()).toEqual(['A'])
    }
  })

  it('fires and ends alert by alert in a group that is larger than a message to people', async () => {
    const { startProcess, pass, firing } = startWorld()
    const manager = startProcess()
    const names = Array.from({ length: 250 }, (_, n) => `A${n}`)
    for (const name of names) await manager.fire(alert(name))
    await manager.tick()
    expect(firing()).toHaveLength(250)
    for (const name of names.slice(0, 10)) await manager.resolve(alert(name))
    await pass(MINUTE, [manager])
    expect(new Set(firing())).toEqual(new Set(names.slice(10)))
  })

  it('neither ends by a silence nor stays away after it', async () => {
    const { startProcess, pass, firing } = startWorld()
    const manager = startProcess()
    for (const name of ['A', 'B', 'C']) await manager.fire(alert(name))
    await manager.tick()
    await manager.silence({ matchers: ['alertname="A"'], endsAt: 5 * MINUTE, author: 'kim' })
    await pass(MINUTE, [manager])
    await manager.resolve(alert('B'))
    for (let minute = 0; minute < 60; minute += 1) {
      await pass(MINUTE, [manager])
      expect(firing()).toEqual(['A', 'C'])
    }
  })

  it('ends though the sending again has overtaken the end that another process told', async () => {
    const { startProcess, firing, clock, hold } = startWorld({ route: { groupIntervalMs: SECOND } })
    const [first, second] = [startProcess(), startProcess()]
    await first.fire(alert('A'))
    await first.tick()
    await clock.advance(MINUTE)
    const release = hold()
    const ticking = first.tick()
    await clock.advance(2 * SECOND)
    await second.resolve(alert('A'))
    await second.tick()
    expect(firing()).toEqual([])
    release()
    await ticking
    expect(firing()).toEqual([])
  })

  it('goes on while a slow channel holds up the rounds', async () => {
    const slow: AlertChannel = { kind: 'slow', deliver: () => new Promise<never>(() => {}) }
    const { startProcess, firing, clock } = startWorld({
      channels: { slow },
      route: { routes: [{ matchers: ['alertname="B"'], receiver: 'slow' }] },
      concurrency: 1,
      deliveryTimeoutMs: HOUR,
    })
    const manager = startProcess()
    const stopping = new AbortController()
    const running = manager.run({ signal: stopping.signal })
    await manager.fire(alert('A'))
    await clock.advance(2 * SECOND)
    await manager.fire(alert('B'))
    for (let minute = 0; minute < 20; minute += 1) {
      await clock.advance(MINUTE)
      expect(firing()).toEqual(['A'])
    }
    stopping.abort()
    await clock.advance(HOUR)
    await running
  })
})

/** A channel that notes what it is to send again, and when. */
function startResender(
  given: Partial<AlertChannel> = {},
  { store = createMemoryAlertManagerStore() } = {},
) {
  const clock = createTestClock()
  const metrics = createMetrics()
  const resent: string[] = []
  const note = ({ alerts, omittedAlertCount }: AlertResending): void => {
    const names = alerts.map(({ name, status }) => (status === 'firing' ? name : `(${name})`))
    const omitted = omittedAlertCount > 0 ? ` and ${omittedAlertCount}` : ''
    resent.push(`${clock.now() / SECOND} s: ${names.join(' ')}${omitted}`)
  }
  const team: AlertChannel = {
    ...createRecordingChannel(),
    resend: async (resending) => note(resending),
    ...given,
  }
  const manager = createAlertManager({
    policy: { route: { receiver: 'team', groupWaitMs: 0 } },
    channels: { team },
    store,
    clock,
    metrics,
  })
  /** Lets time pass second by second; whoever hangs holds up nobody. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= SECOND) {
      await clock.advance(SECOND)
      void manager.tick()
    }
    await clock.advance(0)
  }
  const errorCount = () =>
    metrics.collect().find(({ name }) => name === 'alert_manager_errors_total')?.series
  return { manager, clock, pass, resent, note, errorCount }
}

describe('a channel that sends again', () => {
  it('is given what fires each minute, the worst first, up to its limit', async () => {
    const { manager, pass, resent } = startResender({ resendAlertsMax: 2 })
    await manager.fire(alert('A', { severity: 'low' }))
    await manager.fire(alert('B'))
    await manager.fire(alert('C', { severity: 'critical' }))
    await manager.tick()
    await pass(2 * MINUTE)
    expect(resent).toEqual(['60 s: C B and 1', '120 s: C B and 1'])
  })

  it('is given it as often as it wants, and nothing where it was told of nothing', async () => {
    const { manager, pass, resent } = startResender({ resendEveryMs: 10 * SECOND })
    await pass(15 * SECOND)
    await manager.fire(alert('A'))
    await pass(20 * SECOND)
    expect(resent).toEqual(['21 s: A', '31 s: A'])
  })

  it('is aborted after an interval, and given what fires then', async () => {
    const aborted: number[] = []
    const { manager, pass, resent, note, clock, errorCount } = startResender({
      async resend(resending, { signal }) {
        note(resending)
        // It answers nothing, not even the abort.
        signal.addEventListener('abort', () => aborted.push(clock.now() / SECOND))
        await new Promise<never>(() => {})
      },
    })
    await manager.fire(alert('A'))
    await manager.tick()
    await pass(3 * MINUTE)
    expect(aborted).toEqual([120, 180])
    expect(resent).toEqual(['60 s: A', '120 s: A', '180 s: A'])
    expect(errorCount()).toEqual([{ labels: { step: 'resend' }, value: 2 }])
  })

  it('is given nothing more while the interval before takes longer, because of an end', async () => {
    const { manager, pass, resent, note } = startResender({
      async resend(resending) {
        note(resending)
        if (resent.length > 2) return
        await manager.resolve(alert('A'))
        await new Promise<never>(() => {})
      },
    })
    await manager.fire(alert('A'))
    await manager.fire(alert('B'))
    await manager.tick()
    await pass(3 * MINUTE)
    expect(resent).toEqual(['60 s: A B', '120 s: (A)', '180 s: B'])
  })

  it('is told of ends that came while it could not send', async () => {
    const { manager, pass, resent, note } = startResender({
      async resend(resending) {
        note(resending)
        if (resending.alerts.some(({ status }) => status === 'resolved')) return
        await manager.resolve(alert('A'))
        throw new Error('It was cut.')
      },
    })
    await manager.fire(alert('A'))
    await manager.fire(alert('B'))
    await manager.tick()
    await pass(MINUTE)
    expect(resent).toEqual(['60 s: A B', '60 s: (A)'])
  })

  it('is given what fires an interval later when the store fails, and that is counted', async () => {
    const store = faulty(createMemoryAlertManagerStore(), ({ method, nth }) =>
      method === 'listTold' && nth === 2 ? { kind: 'fail' } : undefined,
    )
    const { manager, pass, resent, errorCount } = startResender({}, { store })
    await manager.fire(alert('A'))
    await manager.tick()
    await pass(2 * MINUTE)
    expect(resent).toEqual(['120 s: A'])
    expect(errorCount()).toEqual([{ labels: { step: 'resend' }, value: 1 }])
  })

  it('is aborted when the manager is closed, and holds up nothing', async () => {
    let isAborted = false
    const { manager, pass, clock, errorCount } = startResender({
      async resend(_, { signal }) {
        signal.addEventListener('abort', () => void (isAborted = true))
        await new Promise<never>(() => {})
      },
    })
    await manager.fire(alert('A'))
    await manager.tick()
    await pass(MINUTE)
    await manager.close()
    expect(isAborted).toBe(true)
    expect(errorCount()).toEqual([])
    expect(clock.pending).toBe(0)
  })

  it.each([{ resendEveryMs: 0 }, { resendAlertsMax: 0 }])('refuses %j', (given) => {
    const [option] = Object.keys(given)
    expect(() => startResender(given)).toThrow(`createAlertManager: \`channels.team.${option}\``)
  })
})
