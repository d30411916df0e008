import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { startAnvil } from '@assay/test-servers/start-anvil'

import { positionChanges } from './changes.ts'
import { deploy, readWrites } from './deployment.ts'

const { values: flags } = parseArgs({
  options: {
    chaos: { type: 'boolean', default: false },
    stay: { type: 'boolean', default: false },
    changes: { type: 'string', default: '40' },
  },
})
const count = Number(flags.changes)
/** How often the worker is killed, and after how many milliseconds of work. */
const DEATHS = flags.chaos ? [400, 1_100, 700] : []

const folder = await mkdtemp(join(tmpdir(), 'market-oracle-'))
const place = process.env['DATABASE_URL'] ?? folder
const node = await startAnvil({ flags: ['--block-time', '1'] })
const deployment = await deploy(node.url)
console.log(`A node at ${node.url}, and an oracle at ${deployment.oracle}.`)

let worker: ChildProcess
for (const [index, lifeMs] of DEATHS.entries()) {
  worker = await startWorker()
  await pause(lifeMs)
  worker.kill('SIGKILL')
  await once(worker, 'close')
  const written = await readWrites(node.url, deployment)
  console.log(`Worker ${index + 1} was killed; ${written.length} of ${count} changes are on chain.`)
}
worker = await startWorker()
const history = await historyFrom(worker)
for (const { id, status, args, transactionHash } of history) {
  console.log(
    `${id.padStart(4)}  ${status}  ${String(args[1]).padStart(5)} bps  ${transactionHash}`,
  )
}

const expected = positionChanges(count).map(
  ({ market, probabilityBps }) => `${market} ${probabilityBps}`,
)
const written = (await readWrites(node.url, deployment)).map(
  ({ market, bps }) => `${market} ${bps}`,
)
const isRight = expected.join('\n') === written.join('\n')
console.log(
  isRight
    ? `\nAll ${count} changes are on chain, each once and in order.`
    : `\n${written.length} writes are on chain, and they are not the ${count} changes.`,
)
process.exitCode = isRight ? 0 : 1

if (flags.stay) await once(process, 'SIGINT')
worker.kill('SIGTERM')
await once(worker, 'close')
await node.close()
await rm(folder, { recursive: true, force: true })

/** @returns it once it has asked for every change */
async function startWorker(): Promise<ChildProcess> {
  const { oracle, batcher } = deployment
  const file = join(import.meta.dirname, 'worker.ts')
  const child = fork(file, [node.url, place, oracle, batcher, String(count)])
  const { metricsPort } = await messageOf<{ metricsPort: number }>(child)
  console.log(`A worker is up; its metrics are at http://127.0.0.1:${metricsPort}/metrics.`)
  return child
}

interface HistoryLine {
  readonly id: string
  readonly status: string
  readonly args: readonly unknown[]
  readonly transactionHash: string | null
}

async function historyFrom(child: ChildProcess): Promise<readonly HistoryLine[]> {
  return (await messageOf<{ history: readonly HistoryLine[] }>(child)).history
}

/** What the worker says next. */
async function messageOf<Message>(child: ChildProcess): Promise<Message> {
  const ended = once(child, 'close').then(() => {
    throw new Error('The worker has ended by itself.')
  })
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [Message]
  return message
}
