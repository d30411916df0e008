import { declarationsOf, isDeclared } from './scopes.ts'
import { isNode, moduleReferences, parse, type Place, type SyntaxNode, walk } from './syntax.ts'
import { isTestFile, lineAt, packageFolderOf, type Problem, type Rule } from './workspace.ts'

/** What stands in for each global that a package may not touch. */
const INSTEAD: Readonly<Record<string, string>> = {
  Date: 'take `clock` as an option',
  performance: 'take `clock` as an option',
  setTimeout: 'take `clock` as an option',
  setInterval: 'take `clock` as an option',
  setImmediate: 'take `clock` as an option',
  crypto: 'take `createId` or `random` as an option',
  console: 'take `logger` as an option',
  process: 'let the host hand in what it says',
}

/** Methods of globals that are harmless otherwise. */
const MEMBERS_INSTEAD: Readonly<Record<string, string>> = {
  'Math.random': 'take `random` as an option',
  'AbortSignal.timeout': 'abort a controller by `clock.setTimer`',
}

/** The same powers by way of an import. Hashing depends on its input alone, and stays allowed. */
const MODULES_INSTEAD: Readonly<Record<string, string | undefined>> = {
  timers: INSTEAD['setTimeout'],
  'timers/promises': INSTEAD['setTimeout'],
  perf_hooks: INSTEAD['performance'],
  crypto: INSTEAD['crypto'],
  console: INSTEAD['console'],
  process: INSTEAD['process'],
}
const HASHING = new Set(['createHash', 'createHmac', 'timingSafeEqual'])

/**
 * Time, chance, identifiers and output reach a package as options, so that every run can be
 * repeated. Only `core/src/runtime` touches the globals behind them.
 */
export const bannedGlobals: Rule = (workspace) => {
  const problems: Problem[] = []
  for (const [file, text] of workspace) {
    if (!file.endsWith('.ts') || packageFolderOf(file) === undefined) continue
    if (isTestFile(file) || file.startsWith('packages/core/src/runtime/')) continue
    for (const { start, what, instead } of findBanned(file, text)) {
      const message = `\`${what}\` is not for packages: ${instead}.`
      problems.push({ file, line: lineAt(text, start), rule: 'banned-globals', message })
    }
  }
  return problems
}

interface Banned {
  readonly start: number
  readonly what: string
  readonly instead: string
}

function findBanned(file: string, text: string): Banned[] {
  const program = parse(file, text)
  const declarations = declarationsOf(program)
  const found: Banned[] = []

  walk(program, (node, place) => {
    const member = memberPath(node)
    const insteadOfMember = member === undefined ? undefined : bannedMember(member, file)
    if (member !== undefined && insteadOfMember !== undefined) {
      found.push({ start: node.start, what: member, instead: insteadOfMember })
      return
    }
    if (node.type !== 'Identifier' || !isReference(place)) return
    const what = String(node['name'])
    const instead = bannedName(what, place)
    if (instead === undefined || isDeclared(what, place, declarations)) return
    found.push({ start: node.start, what, instead })
  })

  for (const { specifier, start, names } of moduleReferences(program)) {
    const instead = MODULES_INSTEAD[specifier.replace(/^node:/, '')]
    if (instead === undefined) continue
    if (names.length > 0 && names.every((name) => HASHING.has(name))) continue
    found.push({ start, what: specifier, instead })
  }
  return found
}

function bannedName(name: string, place: Place): string | undefined {
  if (name === 'globalThis') {
    // Taken apart or handed on, it would give out every global unseen.
    const isNamed = place.field === 'object' && memberPath(place.parent) !== undefined
    return isNamed ? undefined : 'name the global that you mean, `globalThis.x`'
  }
  // Telling dates from other values reads no clock.
  return isInstanceOfTarget(place) ? undefined : INSTEAD[name]
}

/** `globalThis.setTimeout` is the global too; a test clock needs the real macrotask for itself. */
function bannedMember(member: string, file: string): string | undefined {
  const global = member.replace(/^globalThis\./, '')
  if (global === 'setImmediate' && /^packages\/[^/]+\/src\/testing\//.test(file)) return undefined
  if (global !== member && INSTEAD[global] !== undefined) return INSTEAD[global]
  return MEMBERS_INSTEAD[global]
}

/** `Math.random` for a plain member expression of two or three names. */
function memberPath(node: SyntaxNode | undefined): string | undefined {
  if (node?.type !== 'MemberExpression') return undefined
  const { object, property } = node
  if (!isNode(object) || !isNode(property)) return undefined
  const key = node['computed'] === true ? property['value'] : property['name']
  if (typeof key !== 'string') return undefined
  const path = object.type === 'Identifier' ? String(object['name']) : memberPath(object)
  return path === undefined ? undefined : `${path}.${key}`
}

/** Expressions of TypeScript's own; every other node of its is about types, which do not run. */
const TYPESCRIPT_EXPRESSIONS = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
])

/** Whether an identifier at this place reads a variable, and is not merely a name or a type. */
function isReference({ parent, field }: Place): boolean {
  if (parent === undefined) return false
  if (parent.type.startsWith('TS')) return TYPESCRIPT_EXPRESSIONS.has(parent.type)
  if (field === 'property' || field === 'key') return parent['computed'] === true
  return field !== 'label' && !/^(Import|Export)/.test(parent.type)
}

function isInstanceOfTarget({ parent, field }: Place): boolean {
  return field === 'right' && parent?.['operator'] === 'instanceof'
}
