import { parseArgs, type ParseArgsConfig } from 'node:util'

import { printable } from '../report/printable.ts'
import { CannotRunError } from './cannot-run-error.ts'

/**
 * Reads flags as Node does.
 *
 * @throws {@link CannotRunError} for a flag that is unknown or lacks its value
 */
export function readFlags<Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config)
  } catch (error) {
    // The first sentence names the flag; those after it are advice on how to write a file's name.
    const [sentence = ''] = String(error instanceof Error ? error.message : error).split(/\.\s/)
    throw invalidArguments(printable(sentence.replace(/\.$/, ''), 200))
  }
}

/** What is wrong with the command line, without its full stop. */
export function invalidArguments(sentence: string): CannotRunError {
  return new CannotRunError('AUDIT_ARGUMENTS_INVALID', `${sentence}: see --help.`)
}
