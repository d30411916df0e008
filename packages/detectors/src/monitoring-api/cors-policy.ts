import { InvalidOptionError } from '@assay/core'

/** Which web pages of other origins may use the API. */
export interface CorsOptions {
  /** Origins as browsers write them: `https://ops.example`. There is none that stands for all. */
  readonly origins: readonly string[]
  /** Whether these pages may send cookies. Default `false`. */
  readonly credentials?: boolean | undefined
  /** The headers that they may send. Default `authorization` and `content-type`. */
  readonly headers?: readonly string[] | undefined
}

/** What browsers are told about other origins. */
export interface CorsPolicy {
  /** Whether a page of this origin may use the API. */
  allows(this: void, origin: string): boolean
  /** What every answer says to a page of this origin. */
  headersFor(origin: string | null): Readonly<Record<string, string>>
  /** What a browser is told that asks before it sends a request with one of `methods`. */
  preflightFor(origin: string, methods: string): Readonly<Record<string, string>>
}

/** How long browsers may keep the answer to a preflight, in seconds. */
const PREFLIGHT_KEPT_S = '600'
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/

/** Checks the option, and makes a policy of it; without it no other origin is let in. */
export function readCorsPolicy(factory: string, cors: CorsOptions | undefined): CorsPolicy {
  if (cors === undefined) {
    return { allows: () => false, headersFor: () => ({}), preflightFor: () => ({}) }
  }
  const { origins, credentials = false, headers = ['authorization', 'content-type'] } = cors
  if (!Array.isArray(origins) || !origins.every(isOrigin)) {
    const requirement = 'origins such as `https://ops.example`, without a path; `*` is none'
    throw new InvalidOptionError(factory, 'cors.origins', requirement)
  }
  if (!headers.every((name) => HEADER_NAME.test(name))) {
    throw new InvalidOptionError(factory, 'cors.headers', 'names of headers')
  }
  const known = new Set<string>(origins)
  const withCredentials: Readonly<Record<string, string>> = credentials
    ? { 'access-control-allow-credentials': 'true' }
    : {}

  return {
    allows: (origin) => known.has(origin),
    headersFor: (origin) =>
      origin !== null && known.has(origin)
        ? { vary: 'Origin', 'access-control-allow-origin': origin, ...withCredentials }
        : // What one origin was told is not for another, not even that it was told nothing.
          { vary: 'Origin' },
    preflightFor: (origin, methods) =>
      known.has(origin)
        ? {
            'access-control-allow-methods': methods,
            'access-control-allow-headers': headers.join(', '),
            'access-control-max-age': PREFLIGHT_KEPT_S,
          }
        : {},
  }
}

function isOrigin(text: unknown): text is string {
  if (typeof text !== 'string') return false
  const parsed = URL.parse(text)
  return parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.origin === text
}
