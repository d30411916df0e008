import { isTestFile, lineAt, packageFolderOf, type Problem, type Rule } from './workspace.ts'

const DOCS = 'docs/metrics.md'

/** A metric, as its constant or its row in the docs has it. */
interface Metric {
  readonly name: string
  /** Such as `Counter by name, outcome`; `undefined` where a constant does not say. */
  readonly kind: string | undefined
  readonly file: string
  readonly line: number
}

/**
 * Each constant that names a metric says above it what it counts, such as "Counter by `name`: calls",
 * and has a row of that type and those labels in the docs; each row has a constant.
 */
export const metricDocs: Rule = (workspace) => {
  const rows = new Map(documentedMetrics(workspace.get(DOCS) ?? '').map((row) => [row.name, row]))
  const problems: Problem[] = []
  const report = ({ file, line }: Metric, message: string): void => {
    problems.push({ file, line, rule: 'metric-docs', message })
  }

  for (const [file, text] of workspace) {
    if (!file.endsWith('.ts') || packageFolderOf(file) === undefined || isTestFile(file)) continue
    for (const metric of declaredMetrics(file, text)) {
      const { name, kind } = metric
      const row = rows.get(name)
      rows.delete(name)
      if (kind === undefined) report(metric, 'Say above it: "Counter by `label`: what it counts."')
      else if (row === undefined) report(metric, `The metric ${name} needs a row in ${DOCS}.`)
      else if (row.kind !== kind) report(row, `${name} is a ${kind}, and not a ${row.kind}.`)
    }
  }
  for (const row of rows.values()) report(row, `No constant names the metric ${row.name}.`)
  return problems
}

const CONSTANT =
  /(?:\/\*\*((?:(?!\*\/)[^])*)\*\/\s*)?^export const [A-Z][A-Z\d_]*(?:: string)? =\s+'([a-z][a-z\d_]*)'/gm

/** Every such constant of a file for metrics, and those of other files that say they are one. */
function declaredMetrics(file: string, text: string): Metric[] {
  return [...text.matchAll(CONSTANT)].flatMap((match) => {
    const [all, comment = '', name = ''] = match
    const kind = kindIn(comment.replaceAll(/\s*\*? +/g, ' ').trim())
    if (kind === undefined && !file.endsWith('-metrics.ts')) return []
    const line = lineAt(text, match.index + all.indexOf('export const '))
    return [{ name, kind, file, line }]
  })
}

/** Labels stand in backticks between "by" and what follows in brackets or after the colon. */
function kindIn(summary: string): string | undefined {
  const [, type, labels = ''] =
    /^(Counter|Gauge|Histogram)(?: in \w+)?(?: by ((?:`\w+`|, | and )+))?(?: \(|[:.])/.exec(
      summary,
    ) ?? []
  return type === undefined ? undefined : formatKind(type, labels)
}

function documentedMetrics(docs: string): Metric[] {
  return docs.split('\n').flatMap((line, at) => {
    const [, name, type, labels] = /^\| `([a-z][a-z\d_]*)` +\| (\w+) +\| ([^|]*)\|/.exec(line) ?? []
    if (name === undefined || type === undefined || labels === undefined) return []
    return [{ name, kind: formatKind(type, labels), file: DOCS, line: at + 1 }]
  })
}

function formatKind(type: string, labels: string): string {
  const names = [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label)
  return names.length === 0 ? type.toLowerCase() : `${type.toLowerCase()} by ${names.join(', ')}`
}
