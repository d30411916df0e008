import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { accuracyDocument } from './accuracy-document.ts'
import {
  accountSettings,
  missedAims,
  outageSettings,
  readResults,
  rulesOf,
} from './accuracy-results.ts'

const DOCUMENT = join(import.meta.dirname, '../../docs/accuracy.md')

test('the document says what was measured', () => {
  expect(readFileSync(DOCUMENT, 'utf8')).toBe(accuracyDocument(readResults()))
})

test('the results are those of the settings that the command has now', () => {
  const { accounts, outages } = readResults()
  expect(accounts.settings).toEqual(accountSettings(accounts.report.seed))
  expect(outages.settings).toEqual(outageSettings(outages.report.seed))
})

test('every rule meets its aims on more than 1,000,000 transactions', () => {
  const results = readResults()
  expect(results.accounts.report.transactions).toBeGreaterThan(1_000_000)
  expect(rulesOf(results)).toHaveLength(10)
  expect(missedAims(results)).toEqual([])
})

test('an aim that is missed is told', () => {
  const { accounts, outages } = readResults()
  const [first, ...others] = accounts.report.rules
  const worse = { ...first!, recall: { ...first!.recall, lower: 0.999 } }
  const report = { ...accounts.report, rules: [worse, ...others] }
  const results = { accounts: { ...accounts, report }, outages }
  expect(missedAims(results)).toEqual([`${first!.ruleId}: recall from 0.999`])
  expect(accuracyDocument(results)).toContain('These aims are missed')
})
