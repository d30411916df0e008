import { createAlertDeduplicator } from '@assay/core'

import { atLeast, type Figure } from '../figure.ts'
import { interleave } from '../interleave.ts'

const operations = 1_000_000
const keys = Array.from({ length: 1_000 }, (_, index) => `market-${index}`)

export const figure: Figure = {
  id: 'deduplicator.decisions',
  targets: [atLeast(3_000_000, 'decisions/s')],
  // Each key goes through a whole life: four failures, of which the third fires, and a success.
  async measure() {
    const deduplicator = createAlertDeduplicator()
    const cooldownMap = createCooldownMap()

    const { ours, map } = await interleave(
      {
        ours: (n) => {
          let notices = 0
          for (let i = 0; i < n; i += 5) {
            const key = keys[(i / 5) % keys.length] as string
            for (let failure = 0; failure < 4; failure += 1) {
              if (deduplicator.fail(key).reason !== null) notices += 1
            }
            if (deduplicator.succeed(key).reason !== null) notices += 1
          }
          assertNotices(notices, n)
        },
        map: (n) => {
          let notices = 0
          for (let i = 0; i < n; i += 5) {
            const key = keys[(i / 5) % keys.length] as string
            for (let failure = 0; failure < 4; failure += 1) {
              if (cooldownMap.fail(key)) notices += 1
            }
            if (cooldownMap.succeed(key)) notices += 1
          }
          assertNotices(notices, n)
        },
      },
      { operations },
    )
    return {
      value: 1e9 / ours,
      unit: 'decisions/s',
      peers: { 'bare Map': 1e9 / map },
      n: operations,
    }
  },
}

/** The limit: what a backend writes by hand, with a Map and a cooldown and nothing else. */
function createCooldownMap() {
  const failing = new Map<string, { failures: number; alertedAt: number }>()
  return {
    fail(key: string): boolean {
      const state = failing.get(key) ?? { failures: 0, alertedAt: 0 }
      state.failures += 1
      failing.set(key, state)
      if (state.failures < 3) return false
      const now = performance.now()
      if (state.alertedAt !== 0 && now - state.alertedAt < 300_000) return false
      state.alertedAt = now
      return true
    },
    succeed(key: string): boolean {
      const wasAlerted = failing.get(key)?.alertedAt !== 0
      failing.delete(key)
      return wasAlerted
    },
  }
}

function assertNotices(notices: number, decisions: number): void {
  if (notices !== (decisions / 5) * 2) throw new Error(`${notices} notices were decided.`)
}
