/**
 * The piece of an opossum 10 breaker that is needed here. Opossum has no types of its own; a breaker
 * of `@types/opossum` fits as it is.
 */
export interface OpossumBreaker {
  readonly name: string
  readonly opened: boolean
  readonly halfOpen: boolean
  readonly isShutdown: boolean
  fire(...args: unknown[]): Promise<unknown>
  open(): void
  close(): void
  emit(event: string | symbol, ...args: unknown[]): boolean
  addListener(event: string, listener: (...args: unknown[]) => void): unknown
  rawListeners(event: string | symbol): readonly unknown[]
}

/** What opossum keeps in plain sight, and `@types/opossum` does not name. */
export interface OpossumInternals {
  readonly action: unknown
  readonly options: {
    readonly name?: unknown
    readonly cache?: unknown
    readonly coalesce?: unknown
    /** Milliseconds. */
    readonly resetTimeout: number
    /** Milliseconds, or `false` for none. */
    readonly timeout: number | false
  }
}
