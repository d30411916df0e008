import type { Program } from 'oxc-parser'

import { isNode, type Place, type SyntaxNode, walk } from './syntax.ts'

/** The names that each part of a file declares for what is inside of it. */
export type Declarations = ReadonlyMap<SyntaxNode, ReadonlySet<string>>

/** Every name that a file declares, by the node that its scope is. */
export function declarationsOf(program: Program): Declarations {
  const declarations = new Map<SyntaxNode, Set<string>>()
  const declare = (scope: SyntaxNode, pattern: unknown): void => {
    const names = declarations.get(scope) ?? new Set()
    declarations.set(scope, names)
    for (const name of namesIn(pattern)) names.add(name)
  }

  walk(program, (node, place) => {
    if (node.type === 'VariableDeclarator') {
      const isVar = place.parent?.['kind'] === 'var'
      declare(scopeAround(place, isVar ? HOISTING : SCOPE), node['id'])
    }
    if (/^(Function|Class)Declaration$/.test(node.type)) {
      declare(scopeAround(place, SCOPE), node['id'])
    }
    // The name of an expression is known inside of it alone.
    if (/^(Function|Class)Expression$/.test(node.type)) declare(node, node['id'])
    if (/^Import.*Specifier$/.test(node.type)) declare(scopeAround(place, SCOPE), node['local'])
    if (node.type === 'CatchClause') declare(node, node['param'])
    if (HOISTING.test(node.type)) {
      for (const parameter of listOf(node['params'])) declare(node, parameter)
    }
  })
  return declarations
}

/** Whether `name`, read at this place, is one that the file declares. */
export function isDeclared(name: string, place: Place, declarations: Declarations): boolean {
  for (let at: Place | undefined = place; at?.parent !== undefined; at = at.around) {
    if (declarations.get(at.parent)?.has(name) === true) return true
  }
  return false
}

/** What `var` and parameters belong to. */
const HOISTING = /^(Program|FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/
/** What `let`, `const`, classes and functions belong to. */
const SCOPE =
  /^(Program|BlockStatement|StaticBlock|For(In|Of)?Statement|SwitchStatement|Function(Declaration|Expression)|ArrowFunctionExpression)$/

function scopeAround(place: Place, kind: RegExp): SyntaxNode {
  for (let at: Place | undefined = place; at !== undefined; at = at.around) {
    if (at.parent !== undefined && kind.test(at.parent.type)) return at.parent
  }
  throw new Error('a declaration stands outside of every program')
}

function namesIn(pattern: unknown): string[] {
  if (!isNode(pattern)) return []
  if (pattern.type === 'Identifier') return [String(pattern['name'])]
  const { left, argument, value } = pattern
  return [
    left,
    argument,
    value,
    ...listOf(pattern['elements']),
    ...listOf(pattern['properties']),
  ].flatMap(namesIn)
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
