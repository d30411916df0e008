import type { Alert, AlertManagerOptions } from '@assay/core'

/** One of many positions that could not be settled, in one of `groupCount` markets. */
export function createAlert(index: number, groupCount: number): Alert {
  return {
    name: 'SettlementStuck',
    severity: 'high',
    labels: { market: `m-${index % groupCount}`, position: `p-${index}`, component: 'contract' },
    summary: `Position p-${index} has not settled.`,
    runbookUrl: 'https://runbooks.example/settlement-stuck',
    value: index,
    startsAt: 1_777_627_800_000,
    source: 'settlement',
  }
}

/** A manager that groups those by market, and a channel that confirms and keeps nothing. */
export function createGroupedManagerOptions(): AlertManagerOptions {
  return {
    policy: {
      route: {
        receiver: 'team',
        groupBy: ['alertname', 'market'],
        groupWaitMs: 0,
        routes: [{ matchers: ['severity="critical"'], receiver: 'page' }],
      },
    },
    channels: { team: silentChannel, page: silentChannel },
  }
}

const silentChannel = { kind: 'silent', deliver: async () => {} }
