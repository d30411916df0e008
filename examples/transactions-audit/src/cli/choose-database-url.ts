import { invalidArguments } from './read-flags.ts'

/**
 * Which PostgreSQL to audit in. A command line is there for every user of the machine to read, and
 * npm prints it, so a password may only come by the environment.
 *
 * @param flag what `--database-url` says
 * @returns the URL, which no message repeats; `undefined` for the embedded database
 * @throws {@link CannotRunError} when the flag holds a password
 */
export function chooseDatabaseUrl(flag: string | undefined): string | undefined {
  if (flag === undefined) return process.env['ASSAY_DATABASE_URL'] || undefined
  if (!mayHoldPassword(flag)) return flag
  throw invalidArguments(
    'A command line is no place for a password, so put the URL into the variable ASSAY_DATABASE_URL',
  )
}

function mayHoldPassword(url: string): boolean {
  // What is no URL is read by rules of the client's own, so only one without a user is certain.
  if (!URL.canParse(url)) return url.includes('@') || url.includes('password')
  const { password, searchParams } = new URL(url)
  return password !== '' || searchParams.has('password')
}
