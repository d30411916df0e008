import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { expect, onTestFinished, test } from 'vitest'

/** A process that runs a script with the host's clock. */
function startProcess(script: string) {
  const source = `import { createScheduler } from '@assay/core'\n${script}`
  const flags = ['--conditions=@assay/source', '--input-type=module', '--eval', source]
  const child = spawn(process.execPath, flags, {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  onTestFinished(() => void child.kill('SIGKILL'))
  return {
    readLine: async (): Promise<string | undefined> => (await lines.next()).value,
    terminate: () => child.kill('SIGTERM'),
    exitCode: async (): Promise<number | null> => ((await closed) as [number | null])[0],
  }
}

test('a scheduler that was started keeps no process alive', async () => {
  const { exitCode } = startProcess(`
    createScheduler({ jobs: [{ name: 'far', intervalMs: 3_600_000, offsetMs: 3_600_000, run() {} }] })
      .start()
  `)
  expect(await exitCode()).toBe(0)
})

test('a scheduler that is run keeps its process alive until the signal, and through the drain', async () => {
  const { readLine, terminate, exitCode } = startProcess(`
    const stop = new AbortController()
    process.once('SIGTERM', () => stop.abort())
    const work = async ({ signal }) => {
      console.log('running')
      // Nothing but the signal of the timeout ends it, and no other timer is there.
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      console.log('ended')
    }
    const job = { name: 'work', intervalMs: 3_600_000, offsetMs: 1, timeoutMs: 500, run: work }
    await createScheduler({ jobs: [job] }).run({ signal: stop.signal })
    console.log('drained')
  `)
  expect(await readLine()).toBe('running')
  terminate()
  expect([await readLine(), await readLine()]).toEqual(['ended', 'drained'])
  expect(await exitCode()).toBe(0)
})
