import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'

import { type CodeBlock, codeBlocks } from './code-blocks.ts'
import type { PrintedLine } from './print-with-lines.ts'
import { isNode, moduleReferences, parse, walk } from './syntax.ts'
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

  const printed = JSON.parse(stdout.split('\n').at(-1) ?? '') as readonly PrintedLine[]
  return promisedOutputs(example).flatMap(({ firstLine, lastLine, promised }) => {
    const actual = onOneLine(
      printed.filter(({ line }) => line >= firstLine && line <= lastLine).map(({ text }) => text),
    )
    if (actual === promised) return []
    const message = `The comment promises \`${promised}\`, and the code prints \`${actual}\`.`
    return [problemAt(example, lastLine, message)]
  })
}

interface PromisedOutput {
  readonly firstLine: number
  readonly lastLine: number
  readonly promised: string
}

/**
 * Each `console.log(…) // what it prints`; where there is none, the comment lines that end the
 * block are all that it prints. Several lines are compared as one, with spaces between.
 */
function promisedOutputs({ code, path }: Example): PromisedOutput[] {
  const outputs: PromisedOutput[] = []
  walk(parse(path, code), (node) => {
    const { callee } = node
    if (node.type !== 'CallExpression' || !isNode(callee)) return
    if (code.slice(callee.start, callee.end) !== 'console.log') return
    const promised = /^[^\n]*? \/\/ (.*)/.exec(code.slice(node.end))?.[1]
    if (promised === undefined) return
    outputs.push({
      firstLine: lineAt(code, node.start),
      lastLine: lineAt(code, node.end),
      promised: onOneLine([promised]),
    })
  })
  const closing = /(?:^\/\/ .*\n)+$/m.exec(code)?.[0]
  if (outputs.length > 0 || closing === undefined) return outputs
  const promised = onOneLine([closing.replaceAll('// ', '')])
  return [{ firstLine: 1, lastLine: code.trimEnd().split('\n').length, promised }]
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
