import { join } from 'node:path'

import { bannedGlobals } from './tidy/banned-globals.ts'
import { checkDocumentedCode } from './tidy/documented-code.ts'
import { errorCodes } from './tidy/error-codes.ts'
import { exportsMap } from './tidy/exports-map.ts'
import { folderNames } from './tidy/folder-names.ts'
import { importDirection } from './tidy/import-direction.ts'
import { metricDocs } from './tidy/metric-docs.ts'
import { publicDocs } from './tidy/public-docs.ts'
import { starExports } from './tidy/star-exports.ts'
import { testNames } from './tidy/test-names.ts'
import { type Problem, readWorkspace, type Rule } from './tidy/workspace.ts'

/** The house rules that a machine can check. Each stands in a file of its own under `tidy/`. */
const rules: readonly Rule[] = [
  bannedGlobals,
  errorCodes,
  exportsMap,
  folderNames,
  importDirection,
  metricDocs,
  publicDocs,
  starExports,
  testNames,
]

const root = join(import.meta.dirname, '..')
const workspace = readWorkspace(root)
const problems: Problem[] = [
  ...rules.flatMap((rule) => rule(workspace)),
  ...(await checkDocumentedCode(root, workspace)),
]

for (const { file, line, rule, message } of problems.toSorted(byPlace)) {
  console.log(`${file}:${line} ${rule} — ${message}`)
}
console.log(problems.length === 0 ? 'tidy' : `${problems.length} to put right`)
process.exitCode = problems.length === 0 ? 0 : 1

function byPlace(left: Problem, right: Problem): number {
  return left.file.localeCompare(right.file) || left.line - right.line
}
