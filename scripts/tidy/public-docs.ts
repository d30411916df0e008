import { posix } from 'node:path'

import { subpathsOf } from './exports-map.ts'
import { isNode, parse, type SyntaxNode } from './syntax.ts'
import { lineAt, type Problem, publishedPackages, type Rule, type Workspace } from './workspace.ts'

/** Each public name says in a sentence what it is; editors show that sentence to its users. */
export const publicDocs: Rule = (workspace) => {
  const problems = new Map<string, Problem>()
  for (const each of publishedPackages(workspace)) {
    for (const subpath of subpathsOf(each)) {
      const index = posix.join('packages', each.folder, 'src', subpath, 'index.ts')
      for (const { file, name } of reExports(index, workspace)) {
        const problem = checkName(file, name, workspace)
        if (problem !== undefined) problems.set(`${file} ${name}`, problem)
      }
    }
  }
  return [...problems.values()]
}

interface ReExport {
  readonly file: string
  readonly name: string
}

function reExports(index: string, workspace: Workspace): ReExport[] {
  return exportStatements(index, workspace).flatMap((statement) => {
    const { source } = statement
    if (!isNode(source) || typeof source['value'] !== 'string') return []
    const file = posix.join(posix.dirname(index), source['value'])
    return nodesOf(statement['specifiers']).flatMap(({ local }) =>
      isNode(local) ? [{ file, name: String(local['name']) }] : [],
    )
  })
}

function checkName(file: string, name: string, workspace: Workspace): Problem | undefined {
  const text = workspace.get(file) ?? ''
  // Overloads share the documentation of the first.
  const statement = exportStatements(file, workspace).find((each) => declares(each, name))
  const line = statement === undefined ? 1 : lineAt(text, statement.start)
  if (statement === undefined) {
    const message = `\`${name}\` is public, and is not exported where it is declared.`
    return { file, line, rule: 'public-docs', message }
  }
  if (hasSummary(text.slice(0, statement.start))) return undefined
  const message = `\`${name}\` is public: say above it in a sentence what it is.`
  return { file, line, rule: 'public-docs', message }
}

function exportStatements(file: string, workspace: Workspace): SyntaxNode[] {
  const text = workspace.get(file)
  if (text === undefined) return []
  return nodesOf(parse(file, text).body).filter(({ type }) => type === 'ExportNamedDeclaration')
}

function declares({ declaration }: SyntaxNode, name: string): boolean {
  if (!isNode(declaration)) return false
  return [declaration, ...nodesOf(declaration['declarations'])].some(
    ({ id }) => isNode(id) && id['name'] === name,
  )
}

/** Whether the text ends in a doc comment that has words before its first tag. */
function hasSummary(before: string): boolean {
  const comment = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*$/.exec(before)?.[1]
  if (comment === undefined) return false
  const [summary = ''] = comment.replaceAll(/^\s*\* ?/gm, '').split(/^\s*@/m)
  return summary.trim() !== ''
}

function nodesOf(list: unknown): SyntaxNode[] {
  return Array.isArray(list) ? list.filter(isNode) : []
}
