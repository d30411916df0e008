import type { OpossumBreaker } from './opossum-breaker.ts'

/**
 * Keeps what a listener throws away from the breaker, and lets the other listeners hear the event.
 *
 * Opossum emits in the middle of its own work. A listener that throws makes it count a success as a
 * failure, leaves it closed where it should open, or ends the process from a promise or timer that
 * nobody outside can reach. So there is no other place to catch it than `emit` itself.
 */
export function isolateListeners(
  breaker: OpossumBreaker,
  onError: (error: unknown, event: string | symbol) => void,
): void {
  breaker.emit = (event, ...args) => {
    const listeners = breaker.rawListeners(event) as readonly ((...args: unknown[]) => unknown)[]
    for (const listener of listeners) {
      try {
        Reflect.apply(listener, breaker, args)
      } catch (error) {
        onError(error, event)
      }
    }
    return listeners.length > 0
  }
}
