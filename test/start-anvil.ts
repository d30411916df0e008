import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'

/** An Ethereum node of a test's own. */
export interface Anvil {
  readonly url: string
  readonly chainId: number
  /** Asks it, and throws where it answers with an error. */
  request(method: string, params?: readonly unknown[]): Promise<unknown>
  close(): Promise<void>
}

/** Keys of the accounts that anvil has funds for: the well-known ones of its mnemonic. */
export const ANVIL_KEYS = [
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
] as const

/**
 * Starts anvil, which comes from npm, on a free port.
 *
 * @param options.flags of its command line, such as `--no-mining` or `--block-time 1`
 */
export async function startAnvil({
  flags = [],
}: { readonly flags?: readonly string[] } = {}): Promise<Anvil> {
  const program = createRequire(import.meta.url).resolve('@foundry-rs/anvil/bin.mjs')
  const server = spawn(process.execPath, [program, '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<void>((resolve) => {
    server.once('close', () => resolve())
  })
  const url = await urlOf(server)
  return {
    url,
    chainId: 31_337,
    request: (method, params = []) => ask(url, method, params),
    async close() {
      server.kill()
      await exited
    },
  }
}

/** It says where it listens. */
function urlOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const onText = (text: string): void => {
      said += text
      const [, address] = /Listening on (127\.0\.0\.1:[1-9]\d*)/.exec(said) ?? []
      if (address !== undefined) resolve(`http://${address}`)
    }
    server.once('error', reject)
    server.once('close', () => reject(new Error(`anvil ended: ${said}`)))
    server.stdout!.setEncoding('utf8').on('data', onText)
    server.stderr!.setEncoding('utf8').on('data', onText)
  })
}

async function ask(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body })
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } }
  if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`)
  return answer.result
}
