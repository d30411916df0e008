import type { AccountEvent } from '@assay/detectors'
import { Engine, type TopLevelCondition } from 'json-rules-engine'

/** The four of our rules that need no state, as its users write them. */
const conditions: Readonly<Record<string, TopLevelCondition>> = {
  'charged-on-failure': {
    all: [
      { fact: 'status', operator: 'equal', value: 'failed' },
      { fact: 'after', operator: 'lessThan', value: { fact: 'before' } },
    ],
  },
  'credited-on-failure': {
    all: [
      { fact: 'status', operator: 'equal', value: 'failed' },
      { fact: 'after', operator: 'greaterThan', value: { fact: 'before' } },
    ],
  },
  arithmetic: {
    all: [
      { fact: 'status', operator: 'equal', value: 'completed' },
      { fact: 'difference', operator: 'greaterThan', value: 1 },
    ],
  },
  negative: {
    all: [
      { fact: 'status', operator: 'equal', value: 'completed' },
      { fact: 'after', operator: 'lessThan', value: 0 },
    ],
  },
}

/** A json-rules-engine that judges one row at a time, which is all that it can. */
export function createStatelessRules(): (event: AccountEvent) => Promise<void> {
  const engine = new Engine()
  for (const [type, all] of Object.entries(conditions)) {
    engine.addRule({ conditions: all, event: { type } })
  }
  return async (event) => {
    if (event.kind !== 'transaction') return
    // It compares numbers, so that is what it is given.
    const before = Number(event.balanceBeforeMinor)
    const after = Number(event.balanceAfterMinor)
    const difference = Math.abs(before + Number(event.amountMinor) - after)
    const { events } = await engine.run({ status: event.status, before, after, difference })
    if (events.length > 0) throw new Error('Something was found where nothing is.')
  }
}
