import type { Clock } from '../runtime/clock.ts'

/**
 * What happens to one call.
 *
 * - `fail`: it rejects and the store never sees it.
 * - `fail-after`: the store does the work, then the answer is lost: the caller sees a rejection.
 * - `delay`: the store does the work `ms` later.
 * - `drop`: it never reaches the store, and never settles.
 */
export type Fault =
  | { readonly kind: 'fail'; readonly error?: unknown }
  | { readonly kind: 'fail-after'; readonly error?: unknown }
  | { readonly kind: 'delay'; readonly ms: number; readonly clock: Clock }
  | { readonly kind: 'drop' }

/** One call, as a plan sees it. */
export interface PlannedCall {
  readonly method: string
  /** Which call of this method it is, counted from 1. */
  readonly nth: number
  readonly args: readonly unknown[]
}

/** Chooses the fault of a call; `undefined` lets it through. */
export type FaultPlan = (call: PlannedCall) => Fault | undefined

/** What a faulty call rejects with, unless the plan names an error. */
export class InjectedFaultError extends Error {
  override readonly name = 'InjectedFaultError'
}

/**
 * Wraps a store, a repository or any object of asynchronous methods so that chosen calls fail, are
 * delayed, or vanish. Calls that the plan lets through reach the object unchanged.
 *
 * @param target the object to wrap; its methods must return promises
 * @param plan which call meets which fault
 *
 * @example
 * ```ts
 * import { faulty } from '@assay/core/testing'
 *
 * const store = { load: async (key: string) => key.length }
 * const unreliable = faulty(store, ({ nth }) => (nth === 1 ? { kind: 'fail' } : undefined))
 * console.log(await unreliable.load('a').catch(() => 'failed')) // failed
 * console.log(await unreliable.load('a')) // 1
 * ```
 */
export function faulty<Target extends object>(target: Target, plan: FaultPlan): Target {
  const callsByMethod = new Map<string, number>()

  return new Proxy(target, {
    get(object, property) {
      const member: unknown = Reflect.get(object, property, object)
      if (typeof member !== 'function' || typeof property === 'symbol') return member

      return (...args: unknown[]): unknown => {
        const nth = (callsByMethod.get(property) ?? 0) + 1
        callsByMethod.set(property, nth)
        const call = (): unknown => Reflect.apply(member, object, args)
        const fault = plan({ method: property, nth, args })
        return fault === undefined ? call() : callWithFault(call, fault, `${property} call ${nth}`)
      }
    },
  })
}

async function callWithFault(call: () => unknown, fault: Fault, name: string): Promise<unknown> {
  switch (fault.kind) {
    case 'fail':
      throw fault.error ?? new InjectedFaultError(`${name} was made to fail.`)
    case 'fail-after':
      await call()
      throw fault.error ?? new InjectedFaultError(`The answer of ${name} was lost.`)
    case 'delay':
      await fault.clock.sleep(fault.ms)
      return call()
    case 'drop':
      return new Promise(() => {})
  }
}
