import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

import { describe, expect, it } from 'vitest'

/** Runs a command in a process of its own, and interrupts it when it says that it waits. */
async function interrupt(command: string): Promise<{ code: number | null; stderr: string }> {
  const program = `
    import { runCli } from ${JSON.stringify(new URL('run-cli.ts', import.meta.url))}
    await runCli(${command})`
  const flags = ['--conditions=@assay/source', '--input-type=module', '-e', program]
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.once('data', () => child.kill('SIGINT'))
  const closed = new Promise<number | null>((resolve) => {
    child.once('close', resolve)
  })
  const [code, stderr] = await Promise.all([closed, text(child.stderr)])
  return { code, stderr }
}

describe('runCli', () => {
  it('aborts the command on Ctrl-C, waits until it has cleaned up, and exits with 1', async () => {
    const result = await interrupt(`async (_args, signal) => {
      const alive = setInterval(() => {}, 1_000)
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve))
      console.log('waiting')
      await aborted
      clearInterval(alive)
      console.error('cleaned up')
      throw signal.reason
    }`)

    expect(result).toEqual({
      code: 1,
      stderr: 'cleaned up\nThe audit was interrupted. [AUDIT_INTERRUPTED]\n',
    })
  })

  it('shows where a bug is, and not what the error carries', async () => {
    const { code, stderr } = await interrupt(`async () => {
      throw Object.assign(new TypeError('no function'), { input: 'postgres://me:secret@host' })
    }`)

    expect(code).toBe(1)
    expect(stderr).toMatch(/^This is a bug in the audit. TypeError: no function\n +at /)
    expect(stderr).not.toContain('secret')
  })
})
