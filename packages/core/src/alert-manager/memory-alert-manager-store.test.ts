import { expect, test } from 'vitest'

import { alertManagerStoreContract } from '../testing/alert-manager-store-contract.ts'
import { createMemoryAlertManagerStore } from './memory-alert-manager-store.ts'

test.each(alertManagerStoreContract)('contract: $name', async ({ run }) => {
  await expect(run(createMemoryAlertManagerStore())).resolves.toBeUndefined()
})

test('keeps the newest of the history only', async () => {
  const store = createMemoryAlertManagerStore({ historyMax: 3 })
  const at = 1_000
  await store.put(
    [
      {
        kind: 'fire',
        fingerprint: 'a',
        alert: { name: 'A', severity: 'low', labels: {}, summary: '', startsAt: 0, source: '' },
        at,
        expiresAt: null,
        inhibits: [],
        groups: [{ key: 'g', routeId: 'r', receiver: 'team', labels: {}, groupWaitMs: 0 }],
        policySince: 0,
        isReserved: false,
      },
    ],
    { alerts: 1, groups: 1 },
  )
  for (let round = 1; round <= 20; round += 1) {
    const { groups } = await store.claimDue({
      now: at,
      leaseMs: 1,
      token: 't',
      limit: 1,
      receivers: new Set(['team']),
    })
    const [group] = groups
    if (group === undefined) throw new Error('The group was not due.')
    const entry = {
      event: 'notified',
      at: round,
      severity: 'low',
      message: '',
      reason: 'firing',
      groupKey: 'g',
      receiver: 'team',
      fingerprints: [],
      escalationLevel: 0,
      acknowledgedBy: null,
      errorCode: null,
    } as const
    const { state } = group
    await store.commit({ key: 'g', token: 't', state, nextAt: at, tellings: [], history: [entry] })
    const history = await store.listHistory({ limit: 10 })
    expect(history.map(({ at }) => at)).toEqual(
      [round, round - 1, round - 2].filter((each) => each > 0),
    )
  }
})
