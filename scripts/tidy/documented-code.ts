import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'

import { parseSync, type Program } from 'oxc-parser'

import { type CodeBlock, codeBlocks } from './code-blocks.ts'
import type { PrintedLine } from './print-with-lines.ts'
import { isNode, moduleReferences, parse, type Place, type SyntaxNode, walk } from './syntax.ts'
import { lineAt, type Problem, publishedPackages, type Workspace } from './workspace.ts'

const RUN_MAX_MS = 60_000
const PRELOAD = join(import.meta.dirname, 'print-with-lines.ts')

/** A code block that stands in a file of its own, where it can be compiled and run. */
interface Example extends CodeBlock {
  readonly path: string
}

/**
 * Code in the documentation is code: each `ts` block of a README, a guide or an `@example`
 * type-checks and runs, and prints what its comments say. A block marked `ts no-run` needs
 * something from outside, and only type-checks.
 */
export async function checkDocumentedCode(root: string, workspace: Workspace): Promise<Problem[]> {
  const { blocks, problems } = codeBlocks(workspace)
  const folders = new Map<string, string>()
  try {
    const examples: Example[] = []
    for (const [index, block] of blocks.entries()) {
      const home = homeOf(block, workspace)
      const folder = folders.get(home) ?? (await makeFolder(join(root, 'packages', home)))
      folders.set(home, folder)
      const path = join(folder, `example-${index + 1}.ts`)
      // Without an import or export it would be a script, which may not wait at its top level.
      await writeFile(path, `${block.code}\nexport {}\n`)
      examples.push({ ...block, path })
    }
    const mistyped = await typeCheck(root, examples)
    const toRun = examples.filter(
      (example) => example.runs && !mistyped.some((problem) => isWithin(example, problem)),
    )
    return [...problems, ...mistyped, ...(await runAll(toRun))]
  } finally {
    await Promise.all([...folders.values()].map((folder) => rm(folder, { recursive: true })))
  }
}

/**
 * The package in whose folder the block is run, so that its imports resolve as they do for a user:
 * a block of a package in that package, and one of a guide in the first sibling that it imports.
 */
function homeOf({ file, code }: CodeBlock, workspace: Workspace): string {
  const own = /^packages\/([^/]+)\//.exec(file)?.[1]
  if (own !== undefined) return own
  const imported = new Set(
    moduleReferences(parse('guide.ts', code)).map(({ specifier }) =>
      specifier.split('/').slice(0, 2).join('/'),
    ),
  )
  const sibling = publishedPackages(workspace).find(
    ({ folder, name }) => folder !== 'core' && imported.has(name),
  )
  return sibling?.folder ?? 'core'
}

/** Apart for each run, so that two runs side by side do not meet. Git ignores `.cache`. */
async function makeFolder(packageFolder: string): Promise<string> {
  const cache = join(packageFolder, '.cache')
  await mkdir(cache, { recursive: true })
  return mkdtemp(join(cache, 'examples-'))
}

async function typeCheck(root: string, examples: readonly Example[]): Promise<Problem[]> {
  const [first] = examples
  if (first === undefined) return []
  const config = join(first.path, '..', 'tsconfig.json')
  const options = { noEmit: true, declaration: false }
  await writeFile(
    config,
    JSON.stringify({
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: options,
      files: examples.map(({ path }) => path),
    }),
  )

  const tsc = join(root, 'node_modules/.bin/tsc')
  const { exitCode, stdout } = await output(tsc, ['-p', config, '--pretty', 'false'], root)
  const problems: Problem[] = []
  for (const line of stdout.split('\n')) {
    const [, file = '', at, message] = /^(\S+)\((\d+),\d+\): error (.*)$/.exec(line) ?? []
    if (message === undefined) continue
    const example = examples.find(({ path }) => relative(root, path) === file)
    problems.push(
      example === undefined
        ? { file, line: Number(at), rule: 'documented-code', message }
        : problemAt(example, Number(at), message),
    )
  }
  if (exitCode !== 0 && problems.length === 0) throw new Error(`tsc failed: ${stdout}`)
  return problems
}

async function runAll(examples: readonly Example[]): Promise<Problem[]> {
  const problems: Problem[] = []
  const waiting = [...examples]
  const runWaiting = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      problems.push(...(await runExample(next)))
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, runWaiting))
  return problems
}

async function runExample(example: Example): Promise<Problem[]> {
  const { exitCode, stdout, stderr } = await output(
    process.execPath,
    ['--conditions=@assay/source', '--import', PRELOAD, example.path],
    join(example.path, '..'),
  )
  if (exitCode !== 0) {
    const ending = exitCode === null ? 'it took too long' : `it ended with ${exitCode}`
    const reason = /^\w*Error\b.*$/m.exec(stderr)?.[0] ?? `${ending}.`
    return [problemAt(example, 1, `The example does not run: ${reason}`)]
  }

  let printed = JSON.parse(stdout.split('\n').at(-1) ?? '') as readonly PrintedLine[]
  const problems: Problem[] = []
  for (const { firstLine, lastLine, commentLine, texts } of promisedOutputs(example)) {
    const isPromised = ({ line }: PrintedLine): boolean => line >= firstLine && line <= lastLine
    const actual = onOneLine(printed.filter(isPromised).map(({ text }) => text))
    // What one promise was about is not for another.
    printed = printed.filter((each) => !isPromised(each))
    const promised = onOneLine(texts)
    if (actual === promised) continue
    const message = `The comment promises \`${promised}\`, and the code prints \`${actual}\`.`
    problems.push(problemAt(example, commentLine, message))
  }
  return problems
}

interface PromisedOutput {
  /** The lines of the code that print it. */
  readonly firstLine: number
  readonly lastLine: number
  /** Where the promise ends. */
  commentLine: number
  /** Its lines, which are compared as one, with spaces between. */
  readonly texts: string[]
}

/**
 * A promise is a comment beside the end of what prints, the comment lines right below, or both. The
 * comment lines that end the block promise all that no other promise is about.
 */
function promisedOutputs({ code, path }: Example): PromisedOutput[] {
  const printing = printingCode(parse(path, code), code)
  const comments = lineComments(path, code)
  const closingLine = closingRun(comments, code)
  const outputs: PromisedOutput[] = []
  for (const { line, text, isBeside } of comments) {
    const last = outputs.at(-1)
    const codeLine = isBeside ? line : line - 1
    const firstLine = printing.get(codeLine)
    if (!isBeside && last?.commentLine === line - 1) {
      last.texts.push(text)
      last.commentLine = line
    } else if (line === closingLine) {
      outputs.push({ firstLine: 0, lastLine: line, commentLine: line, texts: [text] })
    } else if (firstLine !== undefined) {
      outputs.push({ firstLine, lastLine: codeLine, commentLine: line, texts: [text] })
    }
  }
  return outputs
}

/** The lines on which code ends that prints, each with the line on which the longest of it begins. */
function printingCode(program: Program, code: string): Map<number, number> {
  const firstLines = new Map<number, number>()
  const add = ({ start, end }: SyntaxNode): void => {
    const [firstLine, lastLine] = [lineAt(code, start), lineAt(code, end)]
    firstLines.set(lastLine, Math.min(firstLine, firstLines.get(lastLine) ?? firstLine))
  }
  walk(program, (node, place) => {
    const { callee } = node
    if (node.type !== 'CallExpression' || !isNode(callee)) return
    if (code.slice(callee.start, callee.end) !== 'console.log') return
    add(node)
    for (let at: Place | undefined = place; at?.parent !== undefined; at = at.around) {
      if (at.parent.type !== 'Program') add(at.parent)
    }
  })
  return firstLines
}

interface LineComment {
  readonly line: number
  readonly text: string
  /** Whether code stands before it on its line. */
  readonly isBeside: boolean
}

function lineComments(path: string, code: string): LineComment[] {
  return parseSync(path, code)
    .comments.filter(({ type }) => type === 'Line')
    .map(({ start, value }) => {
      const before = code.slice(code.lastIndexOf('\n', start - 1) + 1, start)
      return { line: lineAt(code, start), text: value, isBeside: before.trim() !== '' }
    })
}

/** The first of the comment lines that end the block; `undefined` where code ends it. */
function closingRun(comments: readonly LineComment[], code: string): number | undefined {
  let first = code.trimEnd().split('\n').length + 1
  for (const { line, isBeside } of comments.toReversed()) {
    if (isBeside || line !== first - 1) break
    first = line
  }
  return comments.some(({ line }) => line === first) ? first : undefined
}

function onOneLine(texts: readonly string[]): string {
  return texts.join(' ').replaceAll(/\s+/g, ' ').trim()
}

function problemAt({ file, firstLine }: Example, line: number, message: string): Problem {
  return { file, line: firstLine + line - 1, rule: 'documented-code', message }
}

function isWithin({ file, firstLine, code }: Example, problem: Problem): boolean {
  const linesIn = problem.line - firstLine
  return problem.file === file && linesIn >= 0 && linesIn < code.split('\n').length
}

interface Output {
  /** `null` for a process that was stopped because it took too long. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

function output(command: string, args: readonly string[], cwd: string): Promise<Output> {
  const env = { ...process.env, TZ: 'UTC', NO_COLOR: '1', FORCE_COLOR: undefined }
  return new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      { cwd, env, timeout: RUN_MAX_MS },
      (_, stdout, stderr) => {
        resolve({ exitCode: child.exitCode, stdout, stderr })
      },
    )
  })
}
