import { parseSync, type Program, visitorKeys } from 'oxc-parser'

/** A node of the syntax tree, as far as a walk over all kinds of nodes can know it. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

/** What stands around a node. */
export interface Place {
  readonly parent: SyntaxNode | undefined
  /** The field of the parent that holds it. */
  readonly field: string
  /** Where the parent stands. */
  readonly around: Place | undefined
}

const parsed = new Map<string, Program>()

/** The syntax tree of a TypeScript file. Throws on code that does not parse. */
export function parse(path: string, text: string): Program {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const { program, errors } = parseSync(path, text)
  const [error] = errors
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`)
  parsed.set(text, program)
  return program
}

/** Calls `visit` with each node, parents before children. */
export function walk(program: Program, visit: (node: SyntaxNode, place: Place) => void): void {
  const place = { parent: undefined, field: '', around: undefined }
  walkFrom(program as unknown as SyntaxNode, place, visit)
}

function walkFrom(
  node: SyntaxNode,
  place: Place,
  visit: (node: SyntaxNode, place: Place) => void,
): void {
  visit(node, place)
  for (const field of visitorKeys[node.type] ?? []) {
    const held = node[field]
    for (const child of Array.isArray(held) ? held : [held]) {
      if (isNode(child)) walkFrom(child, { parent: node, field, around: place }, visit)
    }
  }
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

/** An import, an export from elsewhere, or a dynamic import. */
export interface ModuleReference {
  readonly specifier: string
  readonly start: number
  /** The names taken from it; empty for a side effect, a namespace or a dynamic import. */
  readonly names: readonly string[]
}

/** Everything that a module takes from other modules. */
export function moduleReferences(program: Program): ModuleReference[] {
  const references: ModuleReference[] = []
  walk(program, (node) => {
    const { source } = node
    // A dynamic import of a computed name has no value here, and is for people to judge.
    if (!isNode(source) || typeof source['value'] !== 'string') return
    const specifiers = Array.isArray(node['specifiers']) ? node['specifiers'].filter(isNode) : []
    references.push({
      specifier: source['value'],
      start: node.start,
      names: specifiers.flatMap((specifier) => nameOf(specifier['imported'] ?? specifier['local'])),
    })
  })
  return references
}

function nameOf(node: unknown): string[] {
  if (!isNode(node)) return []
  const name = node['name'] ?? node['value']
  return typeof name === 'string' ? [name] : []
}
