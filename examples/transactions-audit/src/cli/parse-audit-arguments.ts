import { invalidArguments, readFlags } from './read-flags.ts'

/** What the command line asks for. Paths are as they were typed. */
export interface AuditArguments {
  readonly file: string
  /** The name of a mapping or the path of one; without it the header decides. */
  readonly mapping: string | undefined
  readonly json: boolean
  readonly out: string | undefined
  readonly rejects: string | undefined
  readonly databaseUrl: string | undefined
}

/** What `--help` prints. */
export const AUDIT_USAGE = `Usage: npm run audit -- <file.csv[.gz]> [options]

  --mapping NAME|FILE   which column means what: paysim, festival, or a JSON file
                        (default: the built-in mapping whose columns the file has)
  --json                print findings as JSON, one a line, and last the summary
  --out FILE            write that JSON to FILE instead
  --rejects FILE        where malformed rows go (default: <file>.rejects.jsonl, where you stand)
  --database-url URL    audit in a schema of its own in this PostgreSQL, dropped at the end
                        (default: the variable ASSAY_DATABASE_URL, where a URL with a password
                        belongs, or an embedded database that lives as long as the audit)

Exit code: 0 clean, 2 findings or malformed rows, 1 could not run.`

/**
 * Reads the command line.
 *
 * @param args without the program's own name
 * @returns what was asked for, or `null` when it was help
 * @throws {@link CannotRunError} for anything that the usage does not list
 */
export function parseAuditArguments(args: readonly string[]): AuditArguments | null {
  const { values, positionals } = readFlags({
    args: [...args],
    allowPositionals: true,
    options: {
      mapping: { type: 'string' },
      json: { type: 'boolean' },
      out: { type: 'string' },
      rejects: { type: 'string' },
      'database-url': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) return null
  const [file, ...others] = positionals
  if (file === undefined || file === '') throw invalidArguments('No file was given')
  if (others.length > 0) throw invalidArguments('More than one file was given')

  const { mapping, json = false, out, rejects, 'database-url': databaseUrl } = values
  return { file, mapping, json, out, rejects, databaseUrl }
}
