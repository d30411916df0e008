import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import type { AccuracyProgress } from '@assay/detectors/testing'

import { accuracyDocument } from './accuracy-document.ts'
import { measureAll, missedAims, readResults, RESULTS_FILE } from './accuracy-results.ts'

const SEED = 20_260
const DOCUMENT = join(import.meta.dirname, '../../docs/accuracy.md')

// `npm run accuracy` measures and writes; `-- --seed 7` measures another festival and only prints;
// `-- --render` writes the document anew from what was measured last.
const { values } = parseArgs({ options: { seed: { type: 'string' }, render: { type: 'boolean' } } })
const seed = Number(values.seed ?? SEED)
if (!Number.isSafeInteger(seed)) throw new Error('--seed takes an integer.')

const results = values.render === true ? readResults() : await measureAll(seed, tellProgress)
const document = accuracyDocument(results)
if (values.seed === undefined) {
  writeFileSync(RESULTS_FILE, `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(DOCUMENT, document)
  console.log('Written: docs/accuracy.md')
} else {
  console.log(document)
}
const missed = missedAims(results)
console.log(missed.length === 0 ? 'All aims are met.' : `Missed: ${missed.join('; ')}.`)
// 2 as in the audit: it ran, and there is something to look at.
if (missed.length > 0) process.exitCode = 2

function tellProgress({ days, transactions }: AccuracyProgress): void {
  if (days % 10 !== 0) return
  console.error(`${days} days, ${transactions.toLocaleString('en')} transactions`)
}
