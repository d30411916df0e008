import { AssayError, InvalidOptionError } from '@assay/core'
import { z } from 'zod'

/** How an oracle client treats its calls. */
export interface OraclePolicy {
  /** Tries to get a call mined. Default 5. */
  readonly attemptsMax: number
  /** Failed tries in a row from which on people are told of a market. Default 3. */
  readonly alertCutoff: number
  /** How long an alert is not repeated, in milliseconds. Default 300,000. */
  readonly alertCooldownMs: number
  /** The wait after a first failed try, in milliseconds; it doubles with each. Default 1,000. */
  readonly backoffMs: number
  /** The longest such wait, in milliseconds. Default 60,000. */
  readonly backoffMaxMs: number
  /** A `latest` value that differs by less from the last one waits for the heartbeat. Default 0: none. */
  readonly deviationBps: number
  /** After so many milliseconds such a value is sent all the same. Default 3,600,000. */
  readonly heartbeatMs: number
  /** How many transactions of this client are on their way at once, at most. Default 8. */
  readonly inFlightMax: number
  /** How often it looks for what waits, in milliseconds; it is told of most things. Default 1,000. */
  readonly pollMs: number
}

const DEFAULTS: OraclePolicy = {
  attemptsMax: 5,
  alertCutoff: 3,
  alertCooldownMs: 300_000,
  backoffMs: 1_000,
  backoffMaxMs: 60_000,
  deviationBps: 0,
  heartbeatMs: 3_600_000,
  inFlightMax: 8,
  pollMs: 1_000,
}

/** @throws {InvalidOptionError} `INVALID_OPTION` */
export function parseOraclePolicy(options: Partial<OraclePolicy>): OraclePolicy {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const policy: OraclePolicy = { ...DEFAULTS, ...Object.fromEntries(given) }
  for (const name of [
    'attemptsMax',
    'alertCutoff',
    'inFlightMax',
    'pollMs',
    'backoffMs',
  ] as const) {
    assertNumber(name, policy[name], 1)
  }
  for (const name of ['alertCooldownMs', 'deviationBps', 'heartbeatMs'] as const) {
    assertNumber(name, policy[name], 0)
  }
  assertNumber('backoffMaxMs', policy.backoffMaxMs, policy.backoffMs)
  return policy
}

function assertNumber(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new InvalidOptionError(
    'createOracleClient',
    `policy.${name}`,
    `a whole number of at least ${least}`,
  )
}

/**
 * Reads the environment: `ORACLE_MAX_RETRIES` (tries of a call, default 5) and `ORACLE_ALERT_CUTOFF`
 * (failed tries before people are told, default 3).
 *
 * @throws {AssayError} `ORACLE_ENVIRONMENT_INVALID`, which names the variable
 *
 * @example
 * ```ts
 * import { readOracleEnvironment } from '@assay/oracle'
 *
 * console.log(readOracleEnvironment({ ORACLE_MAX_RETRIES: '7' })) // { attemptsMax: 7 }
 * ```
 */
export function readOracleEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Partial<OraclePolicy> {
  const parsed = environmentSchema.safeParse(env)
  if (!parsed.success) {
    const variable = String(parsed.error.issues[0]?.path[0] ?? '')
    throw new AssayError('ORACLE_ENVIRONMENT_INVALID', {
      message: `The environment variable ${variable} must be a whole number of at least 1.`,
      retry: 'never',
      context: { variable },
    })
  }
  const { ORACLE_MAX_RETRIES: attemptsMax, ORACLE_ALERT_CUTOFF: alertCutoff } = parsed.data
  return {
    ...(attemptsMax === undefined ? {} : { attemptsMax }),
    ...(alertCutoff === undefined ? {} : { alertCutoff }),
  }
}

const countSchema = z
  .string()
  .regex(/^[1-9]\d{0,5}$/)
  .transform(Number)
  .optional()

const environmentSchema = z.object({
  ORACLE_MAX_RETRIES: countSchema,
  ORACLE_ALERT_CUTOFF: countSchema,
})
