import { expect, test } from 'vitest'

import type { AlertMatcher } from '../policy/alert-matcher.ts'
import { createAlertSilencer } from './silence-alerts.ts'

const alert = { name: 'A', severity: 'low', labels: { zone: 'a' }, source: 'test' } as const

function isSilencedBy(...matchers: readonly AlertMatcher[]): boolean {
  const silence = { id: 's', matchers, startsAt: 0, endsAt: 10, author: 'kim', comment: '' }
  return createAlertSilencer([silence], 5)(alert)
}

test('a silence of which one matcher cannot be read silences nothing, rather than more', () => {
  const zone = { label: 'zone', op: '=', value: 'a' } as const
  expect(isSilencedBy(zone)).toBe(true)
  expect(isSilencedBy(zone, { label: 'host', op: '=~', value: '(?i)db' })).toBe(false)
  expect(isSilencedBy({ label: 'host', op: '=~', value: '[]' })).toBe(false)
})
