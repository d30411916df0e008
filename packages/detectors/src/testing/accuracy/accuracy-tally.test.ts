import { expect, test } from 'vitest'

import type { Finding } from '../../detector/finding.ts'
import type { SimulatedDay } from '../festival/festival-simulation.ts'
import type { Lookalike, SimulatedFault, SimulatedRuleId } from '../festival/festival-truth.ts'
import { createAccuracyTally } from './accuracy-tally.ts'
import { createRaisedFindings } from './raised-findings.ts'

const RULE = 'balance.continuity'
const RATE = 'transactions.failure-rate'

function finding(
  action: Finding['action'],
  eventId: string,
  more: Partial<Pick<Finding, 'ruleId' | 'eventTime' | 'evidence'>> = {},
): Finding {
  const { ruleId = RULE, eventTime = 10, evidence = {} } = more
  return {
    fingerprint: `${ruleId} ${eventId}`,
    ruleId,
    ruleVersion: 1,
    severity: 'high',
    action,
    subject: 'card-7',
    transactionIds: [eventId],
    eventTime,
    confidence: 1,
    evidence,
  }
}

function fault(transactionId: string, impliedBy: SimulatedRuleId | null = null): SimulatedFault {
  return { ruleId: RULE, accountId: 'card-7', transactionId, impliedBy }
}

function tally(
  findings: readonly (readonly Finding[])[],
  {
    faults = [],
    lookalikes = [],
    outages = [],
    rejudged = [],
  }: {
    readonly faults?: readonly SimulatedFault[]
    readonly lookalikes?: readonly Lookalike[]
    readonly outages?: readonly { readonly from: number; readonly to: number }[]
    readonly rejudged?: readonly string[]
  },
  ruleId = RULE,
) {
  const day: SimulatedDay = {
    opensAt: 0,
    *deliveries() {},
    balances: () => [],
    faults: () => faults,
    lookalikes: () => lookalikes,
    outages: () => outages,
  }
  const raised = createRaisedFindings()
  for (const page of findings) raised.commit({ rejudged: [], findings: page })
  if (rejudged.length > 0) {
    const subject = { subject: 'card-7', ruleIds: [RULE], fingerprints: rejudged }
    raised.commit({ rejudged: [subject], findings: [] })
  }
  const all = createAccuracyTally([ruleId])
  const counts = { transactions: 100, scans: 0, redelivered: 0, late: 0, accounts: 1 }
  all.add(1, day, { raised, evaluated: { [ruleId]: 100 }, ...counts })
  return { ...all.rules()[0]!, missedEvents: all.missed.map(({ eventId }) => eventId) }
}

test('finds a fault by the first event that shows it', () => {
  const accuracy = tally([[finding('open', 'a'), finding('update', 'a')]], {
    faults: [fault('a'), fault('b', 'transactions.charged-on-failure')],
  })
  expect(accuracy).toMatchObject({
    planted: 1,
    implied: 1,
    found: 1,
    negatives: 98,
    falsePositives: 0,
    missedEvents: ['b'],
  })
})

test('tells findings of what is honest from those that nothing explains', () => {
  const lookalike = { ruleId: RULE, accountId: 'card-7', cause: 'one-cent' } as const
  const accuracy = tally([[finding('open', 'a'), finding('open', 'b')]], {
    lookalikes: [
      { ...lookalike, transactionId: 'a' },
      { ...lookalike, transactionId: 'c' },
    ],
  })
  expect(accuracy).toMatchObject({
    falsePositives: 2,
    unexplained: 1,
    lookalikes: { 'one-cent': { count: 2, found: 1 } },
  })
})

test.each([
  { how: 'by the detector itself', refutes: { refutedBy: 'z' }, rejudged: [] },
  { how: 'because its account was judged anew', refutes: {}, rejudged: ['another'] },
])('counts what was withdrawn $how as false, and never as found', ({ refutes, rejudged }) => {
  const findings = [
    [finding('open', 'a'), finding('open', 'b')],
    [
      finding('resolve', 'a', { evidence: refutes }),
      finding('resolve', 'b', { evidence: refutes }),
    ],
  ]
  expect(tally(findings, { faults: [fault('a')], rejudged })).toMatchObject({
    found: 0,
    missedEvents: ['a'],
    falsePositives: 1,
    withdrawn: 1,
    unexplained: 0,
  })
})

test('takes a fault that was made good for found', () => {
  const findings = [[finding('open', 'a')], [finding('resolve', 'a')]]
  expect(tally(findings, { faults: [fault('a')] })).toMatchObject({ found: 1, falsePositives: 0 })
})

test('finds an outage by what opens or grows in it', () => {
  const at = (action: Finding['action'], eventId: string, eventTime: number): Finding =>
    finding(action, eventId, { ruleId: RATE, eventTime })
  const findings = [
    [at('open', 'before', 5), at('update', 'before', 10), at('open', 'in', 30)],
    [at('update', 'before', 31)],
  ]
  const outages = [
    { from: 10, to: 20 },
    { from: 30, to: 40 },
    { from: 50, to: 60 },
  ]
  expect(tally(findings, { outages }, RATE)).toMatchObject({
    planted: 3,
    found: 2,
    falsePositives: 1,
    missedEvents: ['50'],
  })
})
