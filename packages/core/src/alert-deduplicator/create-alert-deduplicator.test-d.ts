import { expectTypeOf, test } from 'vitest'

import type {
  AlertNotice,
  NoAlert,
  NoAlertReason,
  StoredUnconfirmedAlertNotice,
  UnconfirmedAlertNotice,
} from './alert-decision.ts'
import type { AlertDeduplicator, StoredAlertDeduplicator } from './alert-deduplicator.ts'
import { createAlertDeduplicator } from './create-alert-deduplicator.ts'
import { createMemoryAlertDeduplicatorStore } from './memory-alert-deduplicator-store.ts'

const store = createMemoryAlertDeduplicatorStore()

test('without a store it is synchronous, with one every decision is a promise', () => {
  expectTypeOf(createAlertDeduplicator()).toEqualTypeOf<AlertDeduplicator<'auto'>>()
  expectTypeOf(createAlertDeduplicator({ threshold: 1 }).fail('rpc')).toEqualTypeOf<
    AlertNotice | NoAlert
  >()
  expectTypeOf(createAlertDeduplicator({ store })).toEqualTypeOf<StoredAlertDeduplicator<'auto'>>()
  expectTypeOf(createAlertDeduplicator({ store }).succeed('rpc')).resolves.toEqualTypeOf<
    AlertNotice | NoAlert
  >()
})

test('only a manual notice can be confirmed', () => {
  const manual = createAlertDeduplicator({ confirm: 'manual' })
  expectTypeOf(manual.fail('rpc')).toEqualTypeOf<UnconfirmedAlertNotice | NoAlert>()
  const stored = createAlertDeduplicator({ confirm: 'manual', store })
  expectTypeOf(stored.fail('rpc')).resolves.toEqualTypeOf<StoredUnconfirmedAlertNotice | NoAlert>()
  expectTypeOf<AlertNotice>().not.toHaveProperty('delivered')
})

test('the reason tells a notice from silence', () => {
  const decision = createAlertDeduplicator().fail('rpc')
  if (decision.reason === null) {
    expectTypeOf(decision.why).toEqualTypeOf<NoAlertReason>()
  } else {
    expectTypeOf(decision).toEqualTypeOf<AlertNotice>()
    expectTypeOf(decision.reason).toEqualTypeOf<'firing' | 'repeat' | 'resolved'>()
  }
})
