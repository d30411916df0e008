import type { Clock } from '../runtime/clock.ts'

/**
 * What happens to one call.
 *
 * - `fail`: it rejects and the store never sees it.
 * - `fail-after`: the store does the work, then the answer is lost: the caller sees a rejection.
 * - `delay`: the store does the work `ms` later.
 * - `drop`: it never reaches the store, and never settles.
 * - `drop-answer`: the store does the work, and the call never settles.
 */
export type Fault =
  | { readonly kind: 'fail'; readonly error?: unknown }
  | { readonly kind: 'fail-after'; readonly error?: unknown }
  | { readonly kind: 'delay'; readonly ms: number; readonly clock: Clock }
  | { readonly kind: 'drop' | 'drop-answer' }

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

  // A proxy must show the methods of a frozen object as they are: there it stands before a copy.
  const face: Target = Object.isFrozen(target)
    ? Object.assign(Object.create(Object.getPrototypeOf(target) as object | null), target)
    : target

  return new Proxy(face, {
    get(_face, property) {
      const member: unknown = Reflect.get(target, property, target)
      if (typeof member !== 'function') return member
      const callTarget = (args: readonly unknown[]): unknown => Reflect.apply(member, target, args)
      if (typeof property === 'symbol') return (...args: unknown[]) => callTarget(args)

      return (...args: unknown[]): unknown => {
        const nth = (callsByMethod.get(property) ?? 0) + 1
        callsByMethod.set(property, nth)
        const fault = plan({ method: property, nth, args })
        if (fault === undefined) return callTarget(args)
        return callWithFault(() => callTarget(args), fault, `${property} call ${nth}`)
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
    case 'drop-answer':
      await call()
      return new Promise(() => {})
    case 'drop':
      return new Promise(() => {})
  }
}
