import { posix } from 'node:path'

import { isNode, parse, type Place, type SyntaxNode, walk } from './syntax.ts'
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
    if (code === undefined) {
      const message = 'The code of an error is a text, or a constant that is one.'
      problems.push({ file, line, rule: 'error-codes', message })
      continue
    }
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

interface ThrownCode {
  /** `undefined` where it cannot be told without running the code. */
  readonly code: string | undefined
  readonly file: string
  readonly line: number
}

function thrownCodes(workspace: Workspace): ThrownCode[] {
  return [...workspace].flatMap(([file, text]) => {
    if (!file.endsWith('.ts') || packageFolderOf(file) === undefined || isTestFile(file)) return []
    const codes: ThrownCode[] = []
    walk(parse(file, text), (node, place) => {
      const first = firstArgumentOfError(node)
      if (first === undefined) return
      for (const code of textsOf(first, file, workspace)) {
        const isCode = code !== undefined && CODE.test(code)
        if (!isCode && !takesCode(node, place)) continue
        codes.push({ code: isCode ? code : undefined, file, line: lineAt(text, first.start) })
      }
    })
    return codes
  })
}

/** What may be the code in `new SomeError(code, …)` and `super(code, …)`. */
function firstArgumentOfError(node: SyntaxNode): SyntaxNode | undefined {
  const { callee } = node
  if (!isNode(callee)) return undefined
  const isError = node.type === 'NewExpression' && String(callee['name']).endsWith('Error')
  if (!isError && callee.type !== 'Super') return undefined
  const [first] = Array.isArray(node['arguments']) ? node['arguments'] : []
  return isNode(first) ? first : undefined
}

/** Whether what is called is `AssayError` itself, which knows no other first argument. */
function takesCode({ callee }: SyntaxNode, place: Place): boolean {
  if (isNode(callee) && callee['name'] === 'AssayError') return true
  let at: Place | undefined = place
  while (at !== undefined && at.parent?.type.startsWith('Class') !== true) at = at.around
  // Between the class and the call stands its body, which is a `ClassBody`.
  const base = at?.around?.parent?.['superClass']
  return isNode(callee) && callee.type === 'Super' && isNode(base) && base['name'] === 'AssayError'
}

/** The texts that an expression may become; `undefined` for each that cannot be told. */
function textsOf(node: SyntaxNode, file: string, workspace: Workspace): (string | undefined)[] {
  const { consequent, alternate, expression, value, name } = node
  if (typeof value === 'string') return [value]
  if (node.type === 'ConditionalExpression') {
    return [consequent, alternate]
      .filter(isNode)
      .flatMap((branch) => textsOf(branch, file, workspace))
  }
  if (node.type === 'TSAsExpression' && isNode(expression)) {
    return textsOf(expression, file, workspace)
  }
  if (node.type !== 'Identifier') return [undefined]
  const constant = constantOf(String(name), file, workspace)
  return constant === undefined ? [undefined] : textsOf(constant.init, constant.file, workspace)
}

/** What a constant at the top of a file is made of, there or where it is imported from. */
function constantOf(
  name: string,
  file: string,
  workspace: Workspace,
): { init: SyntaxNode; file: string } | undefined {
  const text = workspace.get(file)
  if (text === undefined) return undefined
  for (const statement of parse(file, text).body as readonly unknown[]) {
    if (!isNode(statement)) continue
    const { source } = statement
    if (statement.type === 'ImportDeclaration' && isNode(source)) {
      const imported = nodesIn(statement['specifiers']).find(({ local }) => isNamed(local, name))
      if (imported === undefined || !isNode(imported['imported'])) continue
      const from = posix.join(posix.dirname(file), String(source['value']))
      return constantOf(String(imported['imported']['name']), from, workspace)
    }
    const declaration = isNode(statement['declaration']) ? statement['declaration'] : statement
    if (declaration['kind'] !== 'const') continue
    const found = nodesIn(declaration['declarations']).find(({ id }) => isNamed(id, name))
    if (found !== undefined && isNode(found['init'])) return { init: found['init'], file }
  }
  return undefined
}

function isNamed(node: unknown, name: string): boolean {
  return isNode(node) && node['name'] === name
}

function nodesIn(list: unknown): SyntaxNode[] {
  return Array.isArray(list) ? list.filter(isNode) : []
}
