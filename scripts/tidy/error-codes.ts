import { isNode, parse, type SyntaxNode, walk } from './syntax.ts'
import {
  isTestFile,
  lineAt,
  packageFolderOf,
  type Problem,
  type Rule,
  type Workspace,
} from './workspace.ts'

const DOCS = 'docs/errors.md'
const CODE = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/

/** Every error code that a package throws is explained in the docs, and nothing else is. */
export const errorCodes: Rule = (workspace) => {
  const documented = documentedCodes(workspace.get(DOCS) ?? '')
  const thrown = new Set<string>()
  const problems: Problem[] = []

  for (const { code, file, line } of thrownCodes(workspace)) {
    thrown.add(code)
    if (documented.has(code)) continue
    const message = `The code ${code} needs a heading \`## ${code}\` in ${DOCS}.`
    problems.push({ file, line, rule: 'error-codes', message })
  }
  for (const [code, line] of documented) {
    if (thrown.has(code)) continue
    const message = `No package throws ${code}.`
    problems.push({ file: DOCS, line, rule: 'error-codes', message })
  }
  return problems
}

function documentedCodes(docs: string): Map<string, number> {
  const codes = new Map<string, number>()
  for (const [at, line] of docs.split('\n').entries()) {
    const heading = /^## (.*)$/.exec(line)?.[1]
    if (heading !== undefined && CODE.test(heading)) codes.set(heading, at + 1)
  }
  return codes
}

function thrownCodes(workspace: Workspace): { code: string; file: string; line: number }[] {
  return [...workspace].flatMap(([file, text]) => {
    if (!file.endsWith('.ts') || packageFolderOf(file) === undefined || isTestFile(file)) return []
    const codes: { code: string; file: string; line: number }[] = []
    walk(parse(file, text), (node) => {
      for (const literal of literalsOfCode(node)) {
        const code = String(literal['value'])
        if (CODE.test(code)) codes.push({ code, file, line: lineAt(text, literal.start) })
      }
    })
    return codes
  })
}

/** The texts that may become the code in `new SomeError(code, …)` and `super(code, …)`. */
function literalsOfCode(node: SyntaxNode): SyntaxNode[] {
  const { callee } = node
  if (!isNode(callee)) return []
  const isError = node.type === 'NewExpression' && String(callee['name']).endsWith('Error')
  if (!isError && callee.type !== 'Super') return []

  const [first] = Array.isArray(node['arguments']) ? node['arguments'] : []
  if (!isNode(first)) return []
  if (first.type === 'ConditionalExpression') {
    return [first['consequent'], first['alternate']].filter(isNode)
  }
  return [first]
}
