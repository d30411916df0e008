import { type Currency, currencyFromCode } from '@assay/core'
import type { Finding } from '@assay/detectors'

import { auditFile, type FileAudit } from './audit-file.ts'
import { chooseDatabaseUrl } from './cli/choose-database-url.ts'
import { AUDIT_USAGE, parseAuditArguments } from './cli/parse-audit-arguments.ts'
import { resolvePaths, userFolder } from './cli/resolve-paths.ts'
import { type AuditDatabase, openDatabase } from './database/open-database.ts'
import { loadMapping } from './mapping/load-mapping.ts'
import { describeFinding } from './report/describe-finding.ts'
import { findingToJson } from './report/finding-to-json.ts'
import { formatSummary, summaryToJson } from './report/format-summary.ts'
import { openLineFile } from './report/open-line-file.ts'
import { stdoutLines } from './report/stdout-lines.ts'

/** How many findings are told in words; the JSON has them all. */
const TOLD_MAX = 3

/**
 * The command `npm run audit`.
 *
 * @param args of the command line
 * @param signal ends it early
 * @param open opens the database; default: that of a server when there is a URL, or an embedded one
 * @returns the exit code
 * @throws {@link CannotRunError} when the audit could not run
 */
export async function auditCommand(
  args: readonly string[],
  signal: AbortSignal,
  open: (url?: string) => Promise<AuditDatabase> = openDatabase,
): Promise<number> {
  const asked = parseAuditArguments(args)
  if (asked === null) {
    console.log(AUDIT_USAGE)
    return 0
  }
  const cwd = userFolder()
  const databaseUrl = chooseDatabaseUrl(asked.databaseUrl)
  const paths = await resolvePaths(asked, cwd)
  const named = asked.mapping === undefined ? null : await loadMapping(asked.mapping, cwd)
  const jsonFile = paths.out === null ? null : await openLineFile(paths.out)
  const json = jsonFile ?? (asked.json ? stdoutLines : null)
  const told: Finding[] = []

  try {
    const audit = await auditFile({
      path: paths.file,
      named,
      rejectsPath: paths.rejects,
      openDatabase: () => open(databaseUrl),
      async onFinding(finding) {
        if (told.length < TOLD_MAX) told.push(finding)
        await json?.write(findingToJson(finding))
      },
      signal,
    })
    await json?.write(summaryToJson(audit.summary))
    await json?.close()

    // Standard output holds either the JSON or the report, so that either can be piped on.
    const print = json === stdoutLines ? console.error : console.log
    print(report(audit, told, paths.rejects))
    return exitCodeOf(audit)
  } catch (error) {
    await json?.discard()
    throw error
  }
}

function report({ named, summary }: FileAudit, told: readonly Finding[], rejects: string): string {
  const examples = told.map((finding) => `  ${describeFinding(finding, currencyFinder(named))}`)
  return [
    '',
    formatSummary(summary),
    ...(examples.length === 0 ? [] : ['', 'For example:', ...examples]),
    ...(summary.rejected === 0 ? [] : ['', `The malformed rows are in ${rejects}`]),
  ].join('\n')
}

/** An asset of the mapping's own is known to the mapping alone. */
function currencyFinder({ mapping }: FileAudit['named']): (code: string) => Currency {
  const constant = 'constant' in mapping.currency ? mapping.currency.constant : null
  return (code) =>
    constant === null || typeof constant === 'string' ? currencyFromCode(code) : constant
}

function exitCodeOf({ summary: { rejected, rules } }: FileAudit): number {
  const isClean = rejected === 0 && Object.values(rules).every(({ findings }) => findings === 0)
  return isClean ? 0 : 2
}
