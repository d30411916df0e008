import { invalidArguments, readFlags } from './read-flags.ts'

/** What the command line asks for. */
export interface FestivalArguments {
  readonly seed: number
  /** Where the day is written as CSV, as it was typed. */
  readonly csv: string | undefined
}

/** What `--help` prints. */
export const FESTIVAL_USAGE = `Usage: npm start [-- options]

  --seed N     another day: any whole number (default: 42)
  --csv FILE   also write the day to FILE, to audit it with npm run audit -- FILE

Exit code: 0 when exactly what was planted was found, 1 otherwise.`

/**
 * Reads the command line.
 *
 * @param args without the program's own name
 * @returns what was asked for, or `null` when it was help
 * @throws {@link CannotRunError} for anything that the usage does not list
 */
export function parseFestivalArguments(args: readonly string[]): FestivalArguments | null {
  const { values } = readFlags({
    args: [...args],
    options: {
      seed: { type: 'string', default: '42' },
      csv: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) return null
  if (!/^-?\d{1,15}$/.test(values.seed)) throw invalidArguments('The seed is no whole number')
  return { seed: Number(values.seed), csv: values.csv }
}
