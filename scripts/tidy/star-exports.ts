import { parse } from './syntax.ts'
import { lineAt, type Rule } from './workspace.ts'

/** What a module offers can be read in the module: no `export *`. */
export const starExports: Rule = (workspace) =>
  [...workspace].flatMap(([file, text]) => {
    if (!file.endsWith('.ts')) return []
    return parse(file, text)
      .body.filter((statement) => statement.type === 'ExportAllDeclaration')
      .map(({ start }) => ({
        file,
        line: lineAt(text, start),
        rule: 'star-exports',
        message: '`export *` hides what is offered: name each export.',
      }))
  })
