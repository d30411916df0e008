import { InvalidOptionError } from '../../errors/invalid-option-error.ts'

/** What a caller without types hands in may be anything: whether it has keys. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Requires an object without a key that nobody reads: a misspelt one would leave its default in force,
 * and nobody would know.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION`, naming the key
 */
export function assertKeys(
  factory: string,
  option: string,
  value: unknown,
  keys: readonly string[],
): void {
  if (!isRecord(value)) {
    throw new InvalidOptionError(factory, option, `an object with ${listed(keys)}`)
  }
  const unknown = Object.keys(value).find((key) => !keys.includes(key))
  if (unknown === undefined) return
  const place = `${option}.${unknown}`
  throw new InvalidOptionError(factory, place, `left out: there is only ${listed(keys)}`)
}

/**
 * Requires a list, where a text would be read letter by letter.
 *
 * @throws {InvalidOptionError} `INVALID_OPTION`
 */
export function assertList(
  factory: string,
  option: string,
  value: unknown,
  requirement: string,
): void {
  if (!Array.isArray(value)) throw new InvalidOptionError(factory, option, requirement)
}

function listed(keys: readonly string[]): string {
  return keys.map((key) => `\`${key}\``).join(', ')
}
