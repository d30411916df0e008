/**
 * Where diagnostics go. A pino logger fits as it is; so does anything with these four methods.
 *
 * @example
 * ```ts
 * import { type Logger, silentLogger } from '@assay/core'
 *
 * const logger: Logger = { ...silentLogger, error: (facts, message) => console.log(message, facts) }
 * logger.error({ market: 'm-1' }, 'Update was not delivered.')
 * ```
 */
export interface Logger {
  debug(facts: object, message: string): void
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** Says nothing: the default everywhere, because the process and its output belong to the host. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}
