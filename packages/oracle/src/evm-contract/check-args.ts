import { AssayError, type JsonValue } from '@assay/core'
import {
  type AbiFunction,
  type AbiParameter,
  encodeAbiParameters,
  getAddress,
  isAddress,
} from 'viem'

/**
 * Checks arguments against the ABI, and makes JSON of them: integers as decimal text, addresses in their
 * checksummed spelling.
 *
 * @throws {AssayError} `ORACLE_ARGS_INVALID`
 */
export function checkArgs(
  { name, inputs }: AbiFunction,
  args: readonly unknown[],
): readonly JsonValue[] {
  try {
    if (!Array.isArray(args)) throw new TypeError('Arguments come in a list.')
    encodeAbiParameters(
      inputs,
      args.map((arg, place) => readable(arg, inputs[place])),
    )
  } catch (error) {
    throw argsInvalidError(name, error)
  }
  return args.map((arg) => toJson(arg))
}

/** The arguments again, as viem wants them. */
export function parseArgs({ inputs }: AbiFunction, args: readonly JsonValue[]): readonly unknown[] {
  return args.map((arg, place) => readable(arg, inputs[place]))
}

/** Integers may come as text, which is how they are kept. */
function readable(arg: unknown, input: AbiParameter | undefined): unknown {
  const isInteger = input !== undefined && /^u?int\d*$/.test(input.type)
  if (isInteger && typeof arg === 'string' && /^-?\d{1,78}$/.test(arg)) return BigInt(arg)
  if (isInteger && typeof arg === 'number' && Number.isSafeInteger(arg)) return BigInt(arg)
  return arg
}

function toJson(arg: unknown): JsonValue {
  if (typeof arg === 'bigint' || typeof arg === 'number') return String(arg)
  if (typeof arg === 'string') return isAddress(arg) ? getAddress(arg) : arg
  if (typeof arg === 'boolean' || arg === null) return arg
  if (Array.isArray(arg)) return arg.map(toJson)
  const entries = Object.entries(arg as Readonly<Record<string, unknown>>)
  return Object.fromEntries(entries.map(([name, member]) => [name, toJson(member)]))
}

function argsInvalidError(functionName: string, cause: unknown): AssayError {
  return new AssayError('ORACLE_ARGS_INVALID', {
    message: `The arguments do not fit the ABI of ${functionName}.`,
    retry: 'never',
    context: { functionName },
    cause,
  })
}
