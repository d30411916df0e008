import { type ChildProcess, spawn } from 'node:child_process'

import type { Alertmanager } from './describe-tool.ts'

/** An Alertmanager that runs on this machine alone. */
export interface RunningAlertmanager {
  readonly url: string
  close(): Promise<void>
}

/**
 * Starts an Alertmanager on a free port.
 *
 * @param options.configFile its configuration
 * @param options.folder where it may write
 */
export async function startAlertmanager(
  { name }: Alertmanager,
  { configFile, folder }: { readonly configFile: string; readonly folder: string },
): Promise<RunningAlertmanager> {
  const server = spawn(
    name,
    [
      `--config.file=${configFile}`,
      `--storage.path=${folder}`,
      '--web.listen-address=127.0.0.1:0',
      '--cluster.listen-address=',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const exited = new Promise<void>((resolve) => {
    server.once('close', () => resolve())
  })
  return {
    url: await urlOf(server),
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
    server.once('error', reject)
    server.once('close', () => reject(new Error(`Alertmanager ended: ${said}`)))
    server.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const [, address] = /address=(127\.0\.0\.1:[1-9]\d*)/.exec(said) ?? []
      if (address !== undefined) resolve(`http://${address}`)
    })
  })
}
