import type { ApiAnswer } from './api-answer.ts'

/** A request that found its route and was let in. */
export interface ApiCall {
  readonly request: Request
  readonly url: URL
  /** What stands for `:id` in the path; empty where nothing does. */
  readonly id: string
  /** Who asks. */
  readonly actor: string
}

/** What can be done at a path. */
export interface ApiRoute {
  /** The path as documentation and metrics name it. */
  readonly pattern: string
  /** What answers, by method. `HEAD` and `OPTIONS` follow from it. */
  readonly methods: ReadonlyMap<string, (call: ApiCall) => Promise<ApiAnswer>>
}

/** Makes a route of what answers each method. */
export function route(
  pattern: string,
  methods: Readonly<Record<string, (call: ApiCall) => Promise<ApiAnswer>>>,
): ApiRoute {
  // A map, in which a client finds no method by the name of `constructor`.
  return { pattern, methods: new Map(Object.entries(methods)) }
}
