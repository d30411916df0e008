import { expect, test } from 'vitest'

import type { Alert } from '../../alerts/alert.ts'
import { resolveAlertLimits } from '../alert-limits.ts'
import { fingerprintAlert } from './fingerprint-alert.ts'

const limits = resolveAlertLimits('test', {})

const alert: Alert = {
  name: 'SettlementStuck',
  severity: 'high',
  labels: {},
  summary: 'A market has not settled.',
  startsAt: 0,
  source: 'settlement',
}

test.each<[string, Record<string, unknown>]>([
  ['description', { description: null }],
  ['description', { description: 5 }],
  ['runbookUrl', { runbookUrl: 5 }],
  ['runbookUrl', { runbookUrl: new URL('https://runbooks.example') }],
  ['labels', { labels: undefined }],
  ['labels', { labels: null }],
  ['labels', { labels: 'id=a' }],
  ['labels', { labels: ['a'] }],
  ['labels', { labels: { id: null } }],
])('refuses an alert with such a %s: %o', (option, given) => {
  expect(() => fingerprintAlert({ ...alert, ...given }, limits)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', context: { factory: 'fire', option } }),
  )
})

test.each([undefined, null, 'SettlementStuck'])('refuses %s, which is no alert', (given) => {
  expect(() => fingerprintAlert(given as unknown as Alert, limits)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION' }),
  )
})

test('keeps an alert whose optional texts are absent or undefined as it is', () => {
  const given = { ...alert, description: undefined, runbookUrl: undefined }
  expect(fingerprintAlert(given, limits).alert).toEqual(given)
  expect(fingerprintAlert(alert, limits).alert).toEqual(given)
})
