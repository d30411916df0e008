import { expectTypeOf, test } from 'vitest'

import { createCircuitBreaker } from './create-circuit-breaker.ts'

const breaker = createCircuitBreaker({ name: 'types' })

test('execute returns a promise of what the work returns, asynchronous or not', () => {
  expectTypeOf(breaker.execute(() => 1)).resolves.toEqualTypeOf<number>()
  expectTypeOf(breaker.execute(async () => 'text')).resolves.toEqualTypeOf<string>()
  expectTypeOf(breaker.execute(() => undefined)).resolves.toEqualTypeOf<undefined>()
})

test('the signal fits fetch under exactOptionalPropertyTypes', () => {
  expectTypeOf(
    breaker.execute(({ signal }) => fetch('https://x.test', { signal })),
  ).resolves.toEqualTypeOf<Response>()
})

test('a name is required, and a snapshot cannot be made up', () => {
  // @ts-expect-error -- no name
  createCircuitBreaker({})
  // @ts-expect-error -- no such state
  breaker.restore({ ...breaker.snapshot(), state: 'ajar' })
})
