import { resolve } from 'node:path'

import { currencyFromCode, systemClock } from '@assay/core'
import { BALANCE_RULE_IDS, detectBalanceDiscrepancies, type Finding } from '@assay/detectors'
import { createPostgresLedgerRepository } from '@assay/detectors/postgres'
import {
  compareWithPlanted,
  createFestivalDay,
  type FestivalDay,
  type PlantedComparison,
} from '@assay/detectors/testing'

import { FESTIVAL_USAGE, parseFestivalArguments } from './cli/parse-festival-arguments.ts'
import { userFolder } from './cli/resolve-paths.ts'
import { runCli } from './cli/run-cli.ts'
import { FESTIVAL_HEADER, festivalRow } from './csv/festival-row.ts'
import { openDatabase } from './database/open-database.ts'
import { createProgress } from './report/create-progress.ts'
import { describeFinding } from './report/describe-finding.ts'
import { formatCount, formatTable } from './report/format-table.ts'
import { openLineFile } from './report/open-line-file.ts'

const CARDS = 5_000
const TRANSACTIONS = 20_000
/** The share of cards that carry a fault of each rule. */
const FAULT_RATE = 0.01

await runCli(async (args, signal) => {
  const asked = parseFestivalArguments(args)
  if (asked === null) {
    console.log(FESTIVAL_USAGE)
    return 0
  }
  const { seed, csv } = asked
  const day = createFestivalDay({
    seed,
    participants: CARDS,
    transactions: TRANSACTIONS,
    faultRates: Object.fromEntries(BALANCE_RULE_IDS.map((ruleId) => [ruleId, FAULT_RATE])),
  })
  console.log(introduction(seed))
  if (csv !== undefined) await writeCsv(day, resolve(userFolder(), csv))

  const findings = await audit(day, signal)
  const comparison = compareWithPlanted(day.planted(), findings)
  console.log(report(day, findings, comparison))
  console.log(nextSteps(seed, csv))
  return isExact(comparison) ? 0 : 1
})

function introduction(seed: number): string {
  const size = `${formatCount(CARDS)} cards, ${formatCount(TRANSACTIONS)} transactions`
  return [
    `A generated day at a cashless festival: ${size}, seed ${seed}.`,
    `For each rule some ${FAULT_RATE * 100} % of the cards were made to break it. Can the audit tell which?`,
    '',
  ].join('\n')
}

/** The day goes through a database as the rows of a backend would; nothing tells the detector what was planted. */
async function audit(day: FestivalDay, signal: AbortSignal): Promise<readonly Finding[]> {
  const progress = createProgress(process.stderr, systemClock)
  progress.show('starting an embedded PostgreSQL', null)
  const database = await openDatabase()
  try {
    signal.throwIfAborted()
    const ledger = createPostgresLedgerRepository(database.client)
    await ledger.addTransactions([...day.transactions()])
    await ledger.setBalances(day.balances())
    const { findings } = await detectBalanceDiscrepancies({ ledger }, { signal })
    return findings
  } finally {
    await database.close()
    progress.end()
  }
}

async function writeCsv(day: FestivalDay, path: string): Promise<void> {
  const file = await openLineFile(path)
  try {
    await file.write(FESTIVAL_HEADER)
    for (const transaction of day.transactions()) await file.write(festivalRow(transaction))
    await file.close()
  } catch (error) {
    await file.discard()
    throw error
  }
}

function report(
  day: FestivalDay,
  findings: readonly Finding[],
  { found, missed, unexpected }: PlantedComparison,
): string {
  const planted = day.planted()
  const count = (list: readonly { readonly ruleId: string }[], ruleId: string): string =>
    formatCount(list.filter((each) => each.ruleId === ruleId).length)
  const rows = BALANCE_RULE_IDS.map((ruleId) => [
    ruleId,
    ...[planted, found, missed, unexpected].map((list) => count(list, ruleId)),
  ])
  const verdict = isExact({ missed, unexpected })
    ? `All ${planted.length} planted faults were found, and nothing else.`
    : 'What was found is not what was planted.'
  return [
    formatTable([['rule', 'planted', 'found', 'missed', 'unexpected'], ...rows]),
    '',
    verdict,
    '',
    'For example:',
    ...examplesOf(findings).map((finding) => `  ${describeFinding(finding, currencyFromCode)}`),
    '',
  ].join('\n')
}

/** One finding of each of the first rules. */
function examplesOf(findings: readonly Finding[]): readonly Finding[] {
  return BALANCE_RULE_IDS.slice(0, 3).flatMap(
    (ruleId) => findings.find((finding) => finding.ruleId === ruleId) ?? [],
  )
}

function isExact({ missed, unexpected }: Omit<PlantedComparison, 'found'>): boolean {
  return missed.length === 0 && unexpected.length === 0
}

function nextSteps(seed: number, csv: string | undefined): string {
  const file = csv ?? 'day.csv'
  return [
    'Next:',
    ...formatTable([
      [`npm start -- --seed ${seed + 1}`, 'another day'],
      [`npm start -- --seed ${seed} --csv ${file}`, 'the same day as a file'],
      [`npm run audit -- ${file}`, 'the audit of a file, this one or your own'],
      ['npm test', 'every test'],
    ])
      .split('\n')
      .map((line) => `  ${line}`),
  ].join('\n')
}
