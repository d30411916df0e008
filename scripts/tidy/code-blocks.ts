import { parseSync } from 'oxc-parser'

import { isTestFile, lineAt, packageFolderOf, type Problem, type Workspace } from './workspace.ts'

/** A `ts` block of the documentation. */
export interface CodeBlock {
  readonly file: string
  /** The line of the file that the first line of `code` stands on. */
  readonly firstLine: number
  readonly code: string
  /** False for a block that only type-checks: `ts no-run`. */
  readonly runs: boolean
}

/** The `ts` blocks of every guide and README, and of every doc comment in a package's sources. */
export function codeBlocks(workspace: Workspace): { blocks: CodeBlock[]; problems: Problem[] } {
  const blocks: CodeBlock[] = []
  const problems: Problem[] = []
  for (const [file, text] of workspace) {
    if (file.endsWith('.md') && !/^\.changeset\/|CHANGELOG\.md$/.test(file)) {
      blocks.push(...fencedBlocks(file, text, 1))
    }
    if (!file.endsWith('.ts') || packageFolderOf(file) === undefined || isTestFile(file)) continue
    for (const { start, value } of docComments(file, text)) {
      const firstLine = lineAt(text, start)
      const found = fencedBlocks(file, value.replaceAll(/^ *\* ?/gm, ''), firstLine)
      blocks.push(...found)
      if (found.length > 0 || !/^\s*\* @example/m.test(value)) continue
      const message = 'An `@example` holds a ```ts block, so that it can be run.'
      problems.push({ file, line: firstLine, rule: 'documented-code', message })
    }
  }
  return { blocks, problems }
}

function docComments(file: string, text: string): { start: number; value: string }[] {
  return parseSync(file, text).comments.filter(
    ({ type, value }) => type === 'Block' && value.startsWith('*'),
  )
}

function fencedBlocks(file: string, text: string, textLine: number): CodeBlock[] {
  const blocks: CodeBlock[] = []
  for (const match of text.matchAll(/^```ts( no-run)?\n([^]*?)^```$/gm)) {
    const [all, noRun, code = ''] = match
    const fenceLine = textLine + lineAt(text, match.index) - 1
    blocks.push({ file, firstLine: fenceLine + 1, code, runs: noRun === undefined })
    if (all.includes('\r')) throw new Error(`${file} has lines that end in a carriage return.`)
  }
  return blocks
}
