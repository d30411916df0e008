import { type Alert, createAlertManager } from '@assay/core'

import { atLeast, type Figure } from '../figure.ts'
import { interleave } from '../interleave.ts'
import { createAlert, createGroupedManagerOptions } from './alert-peers.ts'

const operations = 100_000
const groupCount = 1_000
/** As many calls at once as a burst brings. */
const burst = 1_000

const alerts = Array.from({ length: operations }, (_, index) => createAlert(index, groupCount))

export const figure: Figure = {
  id: 'manager.fire',
  targets: [atLeast(200_000, 'alerts/s')],
  // Every alert is new to its manager: it is checked, copied, fingerprinted, routed and entered.
  async measure() {
    const { ours, map } = await interleave(
      {
        ours: async () => {
          const manager = createAlertManager(createGroupedManagerOptions())
          for (let from = 0; from < operations; from += burst) {
            const outcomes = await Promise.all(
              alerts.slice(from, from + burst).map((alert) => manager.fire(alert)),
            )
            if (outcomes.some(({ outcome }) => outcome !== 'accepted')) {
              throw new Error('An alert was not taken in.')
            }
          }
        },
        map: () => {
          if (groupInMap(alerts).size !== groupCount) throw new Error('Groups are missing.')
        },
      },
      { operations },
    )
    return { value: 1e9 / ours, unit: 'alerts/s', peers: { 'bare Map': 1e9 / map }, n: operations }
  },
}

/** The limit: alerts in arrays by market, with nothing checked, copied or deduplicated. */
function groupInMap(all: readonly Alert[]): Map<string, Alert[]> {
  const groups = new Map<string, Alert[]>()
  for (const alert of all) {
    const key = `${alert.name} ${alert.labels['market']}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [alert])
    else group.push(alert)
  }
  return groups
}
