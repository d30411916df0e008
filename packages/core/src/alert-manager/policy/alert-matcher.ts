import { compileLabelPattern, faultOfPattern } from '../../alert-rules/label-pattern.ts'
import { alertLabel, type LabelledAlert } from './alert-label.ts'

/** How a matcher compares: equal, not equal, matches, does not match. */
export type AlertMatcherOperator = '=' | '!=' | '=~' | '!~'

/**
 * A condition on one label. `alertname`, `severity` and `source` can be named like labels, and a label
 * that an alert does not have is the empty text.
 */
export interface AlertMatcher {
  readonly label: string
  readonly op: AlertMatcherOperator
  /**
   * A text or, for `=~` and `!~`, a regular expression for the whole value, in what JavaScript and
   * Alertmanager read alike: groups, classes, `\d`, `\w` and repetition, without look-around and
   * back-references. A dot stands for every character but a line break.
   */
  readonly value: string
}

/** A matcher as an object, or as Alertmanager writes it: `severity=~"critical|high"`. */
export type AlertMatcherInput = AlertMatcher | string

/** A matcher that is ready to be asked. */
export type CompiledMatcher = AlertMatcher & {
  readonly matches: (alert: LabelledAlert) => boolean
}

/**
 * Reads a matcher as Alertmanager writes it. The value may stand in double quotes, in which `\"`, `\\`
 * and `\n` are escapes.
 *
 * @param text such as `severity="critical"` or `alertname!~Oracle.*`
 * @returns the matcher, or `undefined` where the text is none
 *
 * @example
 * ```ts
 * import { parseAlertMatcher } from '@assay/core'
 *
 * console.log(parseAlertMatcher('severity=~"critical|high"')?.value) // critical|high
 * console.log(parseAlertMatcher('severity')) // undefined
 * ```
 */
export function parseAlertMatcher(text: string): AlertMatcher | undefined {
  const [, label, op, raw] = MATCHER.exec(text) ?? []
  if (label === undefined || op === undefined || raw === undefined) return undefined
  const value = raw.startsWith('"') ? unquote(raw) : raw
  if (value === undefined || (!raw.startsWith('"') && raw.includes('"'))) return undefined
  return { label, op: op as AlertMatcherOperator, value }
}

/**
 * Writes a matcher as Alertmanager reads it.
 *
 * @example
 * ```ts
 * import { formatAlertMatcher } from '@assay/core'
 *
 * console.log(formatAlertMatcher({ label: 'severity', op: '=', value: 'high' })) // severity="high"
 * ```
 */
export function formatAlertMatcher({ label, op, value }: AlertMatcher): string {
  const escaped = value.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)
  return `${label}${op}"${escaped}"`
}

/** Whether all the matchers match. */
export function matchesAll(matchers: readonly CompiledMatcher[], alert: LabelledAlert): boolean {
  return matchers.every((matcher) => matcher.matches(alert))
}

/** What {@link compileMatcher} found: a matcher, or what is wrong with it. */
export type MatcherCompilation =
  | { readonly matcher: CompiledMatcher; readonly requirement?: undefined }
  | { readonly matcher?: undefined; readonly requirement: string }

/** Makes a matcher ready. What it requires completes the sentence "… must be …". */
export function compileMatcher(input: AlertMatcherInput): MatcherCompilation {
  const parsed = typeof input === 'string' ? parseAlertMatcher(input) : input
  if (typeof parsed !== 'object' || parsed === null) {
    return { requirement: 'a matcher such as `severity="critical"`' }
  }
  const { label, op, value } = parsed
  if (typeof label !== 'string' || !LABEL.test(label)) {
    return { requirement: 'on a label of letters, digits and `_`' }
  }
  if (typeof value !== 'string') return { requirement: 'compared to a text' }
  switch (op) {
    case '=':
      return {
        matcher: { label, op, value, matches: (alert) => alertLabel(alert, label) === value },
      }
    case '!=':
      return {
        matcher: { label, op, value, matches: (alert) => alertLabel(alert, label) !== value },
      }
    case '=~':
    case '!~': {
      const fault = faultOfPattern(value)
      if (fault !== undefined) return { requirement: fault }
      const fits = compileLabelPattern(value, 'all-but-line-break')
      const wanted = op === '=~'
      const matches = (alert: LabelledAlert): boolean => fits(alertLabel(alert, label)) === wanted
      return { matcher: { label, op, value, matches } }
    }
    default:
      return { requirement: 'one of `=`, `!=`, `=~` and `!~`' }
  }
}

/** What a list of matchers must be. */
export const MATCHERS_REQUIREMENT = 'a list of matchers such as `[\'severity="critical"\']`'

const MATCHER = /^\s*([a-z_][a-z0-9_]*)\s*(=~|!~|!=|=)\s*(.*?)\s*$/is
const LABEL = /^[a-z_][a-z0-9_]*$/i

/** What stands between double quotes; `undefined` where they do not end the text. */
function unquote(raw: string): string | undefined {
  const body = /^"((?:[^"\\]|\\.)*)"$/s.exec(raw)?.[1]
  return body?.replaceAll(/\\(["\\n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
}
