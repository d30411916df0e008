import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import {
  type AlertMatcher,
  type AlertMatcherInput,
  type CompiledMatcher,
  compileMatcher,
  MATCHERS_REQUIREMENT,
} from './policy/alert-matcher.ts'
import { assertList, isRecord } from './policy/assert-shape.ts'

/** A time during which alerts that fit all the matchers are not told. They go on firing. */
export interface Silence {
  readonly id: string
  readonly matchers: readonly AlertMatcher[]
  /** In epoch milliseconds. */
  readonly startsAt: number
  /** In epoch milliseconds; at this moment it is over. */
  readonly endsAt: number
  readonly author: string
  readonly comment: string
}

/** What is needed to silence alerts. */
export interface SilenceRequest {
  /** At least one, and one of them must not fit the empty text: that would silence everything. */
  readonly matchers: readonly AlertMatcherInput[]
  /** In epoch milliseconds. Default now. */
  readonly startsAt?: number | undefined
  /** In epoch milliseconds. There is no silence without an end. */
  readonly endsAt: number
  /** Who wants it. */
  readonly author: string
  /** Why. Default empty. */
  readonly comment?: string | undefined
}

/**
 * Makes a silence of a request.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION`
 */
export function createSilence(
  request: SilenceRequest,
  { id, now }: { readonly id: string; readonly now: number },
): Silence {
  if (!isRecord(request)) {
    throw new InvalidOptionError('silence', 'request', 'an object with `matchers` and `endsAt`')
  }
  const { startsAt = now, endsAt, author, comment = '' } = request
  const compiled = compileMatchers('silence', request.matchers)
  if (!compiled.some((matcher) => !matcher.matches(BLANK_ALERT))) {
    throw new InvalidOptionError('silence', 'matchers', 'narrower: every alert would fit them')
  }
  if (!Number.isFinite(startsAt)) throw new InvalidOptionError('silence', 'startsAt', 'a moment')
  if (!Number.isFinite(endsAt) || endsAt <= Math.max(startsAt, now)) {
    throw new InvalidOptionError('silence', 'endsAt', 'a moment after its start and after now')
  }
  for (const [option, text] of Object.entries({ author, comment })) {
    const isText = typeof text === 'string' && text.length <= TEXT_LENGTH_MAX && isStorable(text)
    if (isText && (option !== 'author' || text !== '')) continue
    throw new InvalidOptionError(
      'silence',
      option,
      `a text of at most ${TEXT_LENGTH_MAX} characters`,
    )
  }
  const matchers = compiled.map(({ label, op, value }) => ({ label, op, value }))
  return { id, matchers, startsAt, endsAt, author, comment }
}

/**
 * Makes matchers ready.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION`, naming the matcher
 */
export function compileMatchers(
  factory: string,
  matchers: readonly AlertMatcherInput[],
): CompiledMatcher[] {
  assertList(factory, 'matchers', matchers, MATCHERS_REQUIREMENT)
  return matchers.map((input, index) => {
    const { matcher, requirement } = compileMatcher(input)
    if (matcher !== undefined && isStorable(matcher.value)) return matcher
    throw new InvalidOptionError(factory, `matchers[${index}]`, requirement ?? 'a storable text')
  })
}

const TEXT_LENGTH_MAX = 1_024
/** An alert without any label, which every matcher of a silence for everything fits. */
const BLANK_ALERT = { name: '', severity: '' as never, labels: {}, source: '' }

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}
