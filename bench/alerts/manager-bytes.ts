import { type Alert, createAlertManager } from '@assay/core'

import { atMost, type Figure } from '../figure.ts'
import { heapBytesEach } from '../heap-bytes.ts'
import { createAlert, createGroupedManagerOptions } from './alert-peers.ts'

const count = 100_000
const groupCount = 1_000

export const figure: Figure = {
  id: 'manager.bytes',
  targets: [atMost(100, 'MB')],
  // All fire, and all were told: what the manager keeps of an incident, its history included.
  async measure() {
    const manager = createAlertManager(createGroupedManagerOptions())
    const each = await heapBytesEach(count, async (index) => {
      await manager.fire(createAlert(index, groupCount))
      if (index === count - 1) await tellAll()
    })
    const [last] = await manager.alerts({ limit: 1 })
    if (last === undefined) throw new Error('The alerts are gone.')

    async function tellAll(): Promise<void> {
      const { delivered } = await manager.tick()
      if (delivered !== groupCount) throw new Error(`${delivered} groups were told.`)
    }

    const map = new Map<string, Alert[]>()
    const bareMap = await heapBytesEach(count, (index) => {
      const alert = createAlert(index, groupCount)
      const key = alert.labels['market'] ?? ''
      const group = map.get(key)
      if (group === undefined) map.set(key, [alert])
      else group.push(alert)
      return undefined
    })
    if (map.size !== groupCount) throw new Error('Groups are missing.')
    return {
      value: megabytes(each),
      unit: 'MB',
      peers: { 'bare Map': megabytes(bareMap) },
      n: count,
    }
  },
}

function megabytes(bytesEach: number): number {
  return (bytesEach * count) / 1e6
}
