/**
 * Compiles the contracts of this repository: every `solidity/*.sol` of a package becomes a module
 * beside it with the ABI and the bytecode, which is checked in. `--check` only compares.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename } from 'node:path'

const ROOT = new URL('..', import.meta.url).pathname
const SETTINGS = {
  // Paris has no PUSH0, which not every chain knows.
  evmVersion: 'paris',
  optimizer: { enabled: true, runs: 200 },
  metadata: { bytecodeHash: 'none' },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
}

interface CompilerOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts?: Readonly<
    Record<
      string,
      Readonly<Record<string, { abi: unknown; evm: { bytecode: { object: string } } }>>
    >
  >
}

const solc = createRequire(new URL('../test/package.json', import.meta.url))('solc') as {
  compile(input: string): string
}
const isCheck = process.argv.includes('--check')
const stale: string[] = []

for (const file of globSync('packages/*/src/**/solidity/*.sol', { cwd: ROOT })) {
  const target = `${ROOT}${file.replace(/\.sol$/, '.ts')}`
  const text = moduleOf(file)
  if (existsSync(target) && readFileSync(target, 'utf8') === text) continue
  stale.push(file)
  if (!isCheck) writeFileSync(target, text)
}

for (const file of stale) console.log(isCheck ? `stale: ${file}` : `compiled ${file}`)
if (isCheck && stale.length > 0) process.exitCode = 1

function moduleOf(file: string): string {
  const content = readFileSync(`${ROOT}${file}`, 'utf8')
  const input = { language: 'Solidity', sources: { [file]: { content } }, settings: SETTINGS }
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as CompilerOutput
  const errors = output.errors?.filter(({ severity }) => severity === 'error') ?? []
  if (errors.length > 0) throw new Error(errors.map((one) => one.formattedMessage).join('\n'))
  const contracts = Object.entries(output.contracts?.[file] ?? {}).filter(
    ([, { evm }]) => evm.bytecode.object !== '',
  )
  const parts = contracts.map(([name, { abi, evm }]) => {
    const constant = `${name.charAt(0).toLowerCase()}${name.slice(1)}`
    return `/** The interface of \`${name}\`. */
export const ${constant}Abi = ${JSON.stringify(abi)} as const

/** What is deployed to have a \`${name}\`. */
export const ${constant}Bytecode = '0x${evm.bytecode.object}'
`
  })
  const note = `// Compiled from ${basename(file)} by \`npm run contracts\`; do not edit.\n`
  return `${note}${parts.join('\n')}`
}
