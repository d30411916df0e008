import { faulty } from './faulty.ts'

/** A moment at which a process dies. */
export interface CrashPoint {
  /**
   * Wraps what the process talks to. Once it has died no call reaches it any more, and none settles, as
   * if nobody were there to make it.
   *
   * @param synchronous names of methods that return no promise: they pass
   */
  wrap<Target extends object>(target: Target, synchronous?: readonly string[]): Target
  /** Resolves when the process has died. */
  readonly died: Promise<void>
  /** How many calls it has made. */
  readonly calls: number
}

/**
 * Makes a crash at the n-th call that a process makes to anything outside, before the call or right
 * after it has had its effect. Run a scenario once without a crash to learn how many calls it makes,
 * and then once for each.
 *
 * @param options.at which call, counted from 1; `Infinity` for none
 * @param options.when whether the call has its effect; `after` loses its answer
 *
 * @example
 * ```ts
 * import { createCrashPoint } from '@assay/core/testing'
 *
 * const names: string[] = []
 * const store = { add: async (name: string) => names.push(name) }
 * const crash = createCrashPoint({ at: 2, when: 'after' })
 * const mortal = crash.wrap(store)
 * await mortal.add('one')
 * void mortal.add('two') // stored, and nobody hears of it
 * await crash.died
 * void mortal.add('three') // never happens
 * console.log(names) // [ 'one', 'two' ]
 * ```
 */
export function createCrashPoint({
  at,
  when,
}: {
  readonly at: number
  readonly when: 'before' | 'after'
}): CrashPoint {
  let calls = 0
  let die = (): void => {}
  const died = new Promise<void>((resolve) => {
    die = resolve
  })
  return {
    wrap: (target, synchronous = []) =>
      faulty(target, ({ method }) => {
        if (synchronous.includes(method)) return undefined
        calls += 1
        if (calls < at) return undefined
        die()
        return { kind: calls === at && when === 'after' ? 'drop-answer' : 'drop' }
      }),
    died,
    get calls() {
      return calls
    },
  }
}
