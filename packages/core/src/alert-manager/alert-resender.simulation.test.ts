import { expect, test } from 'vitest'

import type { Alert } from '../alerts/alert.ts'
import type { HttpFetch } from '../channels/alert-channel-options.ts'
import type { AlertmanagerAlert } from '../channels/alertmanager-alert.ts'
import { alertmanagerChannel } from '../channels/alertmanager-channel.ts'
import type { Random } from '../runtime/random.ts'
import { createSeededRandom } from '../testing/seeded-random.ts'
import { createTestClock } from '../testing/test-clock.ts'
import type { AlertManager } from './alert-manager.ts'
import { createAlertManager } from './create-alert-manager.ts'
import { createMemoryAlertManagerStore } from './memory-alert-manager-store.ts'

/** The fixed slice of every test run. `ASSAY_SEEDS=2000` runs more, `ASSAY_SEED=7` one. */
const seedCount = Number(process.env['ASSAY_SEEDS'] ?? 20)
const onlySeed = process.env['ASSAY_SEED']
const seeds =
  onlySeed === undefined ? Array.from({ length: seedCount }, (_, n) => n) : [Number(onlySeed)]

const SECOND = 1_000
const MINUTE = 60 * SECOND
const NAMES = ['A', 'B', 'C', 'D', 'E', 'F']

function alert(name: string): Alert {
  return { name, severity: 'high', labels: {}, summary: name, startsAt: 0, source: 'test' }
}

/** Two processes on one store, restarts, silences, and an Alertmanager that fails or is slow. */
async function simulate(random: Random): Promise<{ there: string[]; here: string[] }> {
  const clock = createTestClock()
  const store = createMemoryAlertManagerStore()
  const chance = (probability: number): boolean => random() < probability
  const pick = (): string => NAMES[Math.floor(random() * NAMES.length)] ?? 'A'
  const sendResolved = chance(0.7)
  const firesUntil = new Map<string, number>()
  let isUnreliable = true

  const fetch: HttpFetch = async (_url, { body }) => {
    if (isUnreliable && chance(0.2)) await clock.sleep(random() * 20 * SECOND)
    if (isUnreliable && chance(0.1)) throw new TypeError('It was cut.')
    for (const { labels, endsAt } of JSON.parse(body) as AlertmanagerAlert[]) {
      firesUntil.set(labels['alertname'] ?? '', Date.parse(endsAt))
    }
    if (isUnreliable && chance(0.1)) throw new TypeError('It was cut after all had arrived.')
    return new Response(null, { status: isUnreliable && chance(0.1) ? 503 : 200 })
  }
  const startProcess = (): AlertManager =>
    createAlertManager({
      policy: {
        route: { receiver: 'am', groupWaitMs: 0, groupIntervalMs: 30 * SECOND, sendResolved },
      },
      channels: { am: alertmanagerChannel({ url: 'http://am:9093', fetch, clock, random }) },
      store,
      clock,
      random,
    })

  const processes = [startProcess(), startProcess()]
  const act = async (): Promise<void> => {
    const which = chance(0.5) ? 0 : 1
    const process = processes[which]
    const roll = random()
    if (roll < 0.2) await process?.fire(alert(pick()))
    else if (roll < 0.4) await process?.resolve(alert(pick()))
    else if (roll < 0.45) {
      const endsAt = clock.now() + random() * 10 * MINUTE
      await process?.silence({ matchers: [`alertname="${pick()}"`], endsAt, author: 'kim' })
    } else if (roll < 0.5) {
      void process?.close()
      processes[which] = startProcess()
    } else if (roll < 0.9) void process?.tick()
    await clock.advance(random() * 20 * SECOND)
  }
  for (let step = 0; step < 200; step += 1) await act()

  // Once all is well again, the Alertmanager knows the truth within a few minutes.
  isUnreliable = false
  for (let left = 25 * MINUTE; left > 0; left -= 10 * SECOND) {
    for (const process of processes) void process.tick()
    await clock.advance(10 * SECOND)
  }
  const kept = (await processes[0]?.alerts({ status: 'firing' })) ?? []
  return {
    there: NAMES.filter((name) => (firesUntil.get(name) ?? 0) > clock.now()),
    here: kept.map(({ name }) => name).toSorted((a, b) => (a < b ? -1 : 1)),
  }
}

test.each(seeds)('leaves an Alertmanager with the truth after a storm, seed %i', async (seed) => {
  const { there, here } = await simulate(createSeededRandom(seed))
  expect(there).toEqual(here)
})
