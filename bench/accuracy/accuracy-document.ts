import {
  type LookalikeCause,
  type RuleAccuracy,
  LOOKALIKES_WITHIN_BOUNDS,
} from '@assay/detectors/testing'

import {
  type AccuracyResults,
  FALSE_POSITIVES_BELOW,
  missedAims,
  RECALL_ABOVE,
  rulesOf,
} from './accuracy-results.ts'

/** Writes `docs/accuracy.md` of what was measured. */
export function accuracyDocument(results: AccuracyResults): string {
  const { accounts, outages } = results
  const { settings, report } = accounts
  return `${[
    '# Accuracy of the detectors',
    'Written by `npm run accuracy` from `bench/accuracy/results.json`; do not edit. The same seed gives the same figures.',
    `A simulated festival of ${count(report.transactions)} transactions and ${count(report.scans)} scans on ${count(report.accounts)} accounts in ${count(report.days)} days (seed ${report.seed}), and another one of ${count(outages.report.transactions)} transactions in ${count(outages.report.days)} days for the failure rate, which judges all accounts together. The detectors are set as by default. ${aims(results)}`,
    '## What was found',
    recallTable(rulesOf(results)),
    `Recall is what was found of all that is there. A fault counts as found when a finding of its rule names its account and begins with its first event, and was not withdrawn. An outage counts as found when an episode of the failure rate opens, or grows, while it lasts. The aim is a lower bound above ${percent(RECALL_ABOVE)}. Faults are _implied_ where one fault is also another one: a charge on a failure lets the next row begin with a balance that no completed row left, and its account cannot be reconciled; two requests at two terminals are also two scans.`,
    '## What was found and is not there',
    falseTable(rulesOf(results)),
    `A verdict is what a rule says about a transaction, a scan or, for \`balance.reconciliation\`, an account. _Withdrawn_ were findings that a row refuted which came later than the monitor waits for: until a terminal that was offline sends its rows, the next row of a card does not follow on the last one that is known. They count as false all the same. The aim is an upper bound below ${percent(FALSE_POSITIVES_BELOW)}. The last column is what people see: the share of the findings that were false, at this many faults. All but the withdrawn ones${report.unexplained.length === 0 ? '' : ' and those that nothing explains'} are explained by the next table, and those of the failure rate by chance (see [its false alarms](detectors.md#false-alarms-of-the-failure-rate)), or by an outage that is over and still lies within the window.`,
    '## What looks like a fault and is honest',
    lookalikeTable(rulesOf(results)),
    'The first kinds lie within the bounds of their rule, which cannot know better; how often people do them is an assumption, below. The others are near misses, and every finding of one would be a mistake.',
    '## What is simulated',
    [
      `- **Cards.** ${count(settings.participants!)} accounts a day, half of them with money on it, each used ${settings.visitsPerCard} times in 16 hours on average: payments at 20 bars, top-ups and refunds at 6 cashiers, each after a scan. Of 1,000 payments that are made some 3 are declined, 3 are sent again with the same request, 8 are cancelled and 5 are pending for up to two minutes; one in ten of those is never decided.`,
      `- **Terminals.** The clock of each is wrong by up to ${count(settings.clockSkewMs!)} ms. Each loses the network 20 times a day for at most 5 s, and ${settings.offlinePerDay} times for 1 to 15 minutes, and then sends what it has. 5 of 1,000 rows are on their way for up to 5 s, and 3 of 1,000 come twice: ${count(report.redelivered)} did, and ${count(report.late)} were later than allowed.`,
      `- **Faults.** Of 1,000 cards ${Math.round(settings.faultRates!['balance.arithmetic']! * 1_000)} carry each fault, and ${Math.round(settings.nearMissRate! * 1_000)} each near miss. A card carries at most one fault that moves money, so that none hides another. One fault or near miss of eight or more lies exactly at a rule's bound, or a millisecond outside.`,
      `- **Honest closeness.** 3 of 100 rounds are followed by a second one within a minute, 3 of 100 of these within 8 s. 3 of 1,000 buyers have the balance read 2 to 30 s before. 5 of 100 accounts are shared, and 1 of 100 of their visits is two people who buy within 10 s. 2 of 10,000 visits have a payment that fails while something else of the account goes through.`,
      `- **Outages.** ${settings.outagesPerDay} a day in the first festival and ${outages.settings.outagesPerDay} in the other one, of 12 to 18 minutes, in which 4 of 10 payments fail. The other one has ${count(outages.settings.participants!)} cards a day, ${outages.settings.visitsPerCard} visits each, and no other faults: its ${count(outages.report.rules[0]!.planted)} outages are the sample of that rule.`,
      `- **The monitor.** Rows are read every ${settings.pollEveryMs! / 1_000} s in pages of 1,000, may come 10 s late, and are judged by the same runs, watermark and judgement of late accounts as in \`createMonitor\`; it dies and restarts from its stored states every 200 reads. \`balance.reconciliation\` is judged by \`detectBalanceDiscrepancies\` at the end of each day.`,
    ].join('\n'),
    '## What this does not show',
    [
      '- The festival is our own invention, and its faults are those that we thought of. The figures say that the rules do what they promise on hundreds of thousands of accounts, out of order, late and twice; they do not say how often real faults look like these.',
      '- How often honest closeness is taken for a fault depends on how often people come close. Read the shares above beside your own.',
      '- Intervals are those of Wilson at 95 %, which take it that faults come independently of each other.',
    ].join('\n'),
  ].join('\n\n')}\n`
}

function aims(results: AccuracyResults): string {
  const missed = missedAims(results)
  return missed.length === 0
    ? 'Every rule meets both aims.'
    : `These aims are missed: ${missed.join('; ')}.`
}

function recallTable(rules: readonly RuleAccuracy[]): string {
  const head = ['rule', 'planted', 'implied', 'found', 'recall', '95 % interval']
  const rows = rules.map(({ ruleId, planted, implied, found, recall }) => [
    `\`${ruleId}\``,
    count(planted),
    count(implied),
    count(found),
    percent(recall.rate),
    `${percent(recall.lower)} to ${percent(recall.upper)}`,
  ])
  return table(head, rows)
}

function falseTable(rules: readonly RuleAccuracy[]): string {
  const head = ['rule', 'verdicts', 'false', 'withdrawn', 'rate', '95 % interval', 'of findings']
  const rows = rules.map(
    ({ ruleId, negatives, falsePositives, withdrawn, falsePositiveRate, found }) => [
      `\`${ruleId}\``,
      count(negatives),
      count(falsePositives),
      count(withdrawn),
      percent(falsePositiveRate.rate),
      `${percent(falsePositiveRate.lower)} to ${percent(falsePositiveRate.upper)}`,
      falsePositives + found === 0 ? '' : percent(falsePositives / (falsePositives + found)),
    ],
  )
  return table(head, rows)
}

const LOOKS_LIKE: Readonly<Record<LookalikeCause, string>> = {
  'second-round': 'a second round within seconds',
  'balance-check': 'the balance is read, and then somebody pays',
  'shared-account': 'two people of one account buy at once',
  'booking-around-failure': 'a failure around another booking',
  'two-failures': 'two failures',
  'success-between': 'three failures with a success between',
  'failures-too-far-apart': 'three failures in 10 min and 1 ms',
  'retried-failure': 'two failures and a retry',
  'scans-too-far-apart': 'two scans 5,001 ms or more apart',
  'requests-too-far-apart': 'two requests 2,001 ms or more apart',
  retry: 'a retry of the same request',
  'undecided-request': 'a request beside one that is cancelled or pending',
  'one-cent': 'a figure that is a cent off',
  'down-to-zero': 'the last cent is spent',
}

function lookalikeTable(rules: readonly RuleAccuracy[]): string {
  const all = rules.flatMap(({ ruleId, lookalikes }) =>
    Object.entries(lookalikes).map(([name, { count: there, found }]) => {
      const cause = name as LookalikeCause
      return { ruleId, cause, there, found, isWithin: LOOKALIKES_WITHIN_BOUNDS.has(cause) }
    }),
  )
  const order = Object.keys(LOOKS_LIKE)
  const sorted = all.toSorted((a, b) => order.indexOf(a.cause) - order.indexOf(b.cause))
  const rows = sorted.map(({ ruleId, cause, there, found, isWithin }) => [
    LOOKS_LIKE[cause],
    `\`${ruleId}\``,
    isWithin ? 'yes' : 'no',
    count(there),
    count(found),
  ])
  return table(['what', 'rule', 'within its bounds', 'happened', 'found'], rows)
}

/** A table as the formatter wants it: columns as wide as their widest cell. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]!.length)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

function count(value: number): string {
  return value.toLocaleString('en')
}

/** Rounded away from what is aimed at, so that no figure looks better than it is. */
function percent(share: number | null): string {
  if (share === null) return ''
  const scaled = share * 1e5
  const rounded = share > 0.5 ? Math.floor(scaled) : Math.ceil(scaled)
  return `${rounded / 1e3} %`
}
