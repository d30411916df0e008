import type { UnderlyingSource } from 'node:stream/web'

import { createTestClock } from '@assay/core/testing'
import { describe, expect, it } from 'vitest'

import { BODY_BYTES_MAX, BODY_TIMEOUT_MS, readJsonBody } from './read-json-body.ts'

const clock = createTestClock()

/** A request whose body comes in pieces; `endless` after which it goes on for ever. */
function requestOf(
  source: UnderlyingSource<Uint8Array>,
  headers: Record<string, string> = {},
): Request {
  return new Request('https://api.example/', {
    method: 'POST',
    body: new ReadableStream(source, { highWaterMark: 0 }),
    headers: { 'content-type': 'application/json', ...headers },
    duplex: 'half',
  })
}

function textRequest(body: string, headers?: Record<string, string>): Request {
  return requestOf(
    {
      start(controller) {
        for (const byte of new TextEncoder().encode(body)) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    },
    headers,
  )
}

const quoted = (bytes: number): string => `"${'x'.repeat(bytes - 2)}"`

describe('readJsonBody', () => {
  it('reads JSON whose letters are cut between pieces', async () => {
    expect(await readJsonBody(textRequest('{"notes":"héé €"}'), clock)).toEqual({ notes: 'héé €' })
    expect(await readJsonBody(new Request('https://api.example/'), clock)).toBeUndefined()
    expect(await readJsonBody(textRequest(''), clock)).toBeUndefined()
  })

  it('reads 16 KiB and not a byte more, whatever length is stated', async () => {
    expect(await readJsonBody(textRequest(quoted(BODY_BYTES_MAX)), clock)).toHaveLength(
      BODY_BYTES_MAX - 2,
    )
    const lengths: Record<string, string>[] = [
      {},
      { 'content-length': '5' },
      { 'content-length': 'many' },
    ]
    for (const stated of lengths) {
      const request = textRequest(quoted(BODY_BYTES_MAX + 1), stated)
      await expect(readJsonBody(request, clock)).rejects.toMatchObject({
        status: 413,
        code: 'MONITORING_BODY_TOO_LARGE',
      })
    }
  })

  it('stops reading a body that has no end', async () => {
    let pulls = 0
    let isLetGo = false
    const request = requestOf({
      pull(controller) {
        pulls += 1
        controller.enqueue(new Uint8Array(1_024))
      },
      cancel() {
        isLetGo = true
      },
    })
    await expect(readJsonBody(request, clock)).rejects.toMatchObject({ status: 413 })
    expect([pulls, isLetGo]).toEqual([17, true])
  })

  it('reads nothing of a body that states to be too long', async () => {
    let pulls = 0
    const request = requestOf({ pull: () => void (pulls += 1) }, { 'content-length': '16385' })
    await expect(readJsonBody(request, clock)).rejects.toMatchObject({ status: 413 })
    expect(pulls).toBe(0)
  })

  it('gives up a body that drips', async () => {
    let isLetGo = false
    const request = requestOf({
      pull: async (controller) => {
        await clock.sleep(1_000)
        controller.enqueue(Uint8Array.of(32))
      },
      cancel: () => void (isLetGo = true),
    })
    const reading = expect(readJsonBody(request, clock)).rejects.toMatchObject({
      status: 408,
      code: 'MONITORING_BODY_TOO_SLOW',
    })
    await clock.advance(BODY_TIMEOUT_MS)
    await reading
    expect(isLetGo).toBe(true)
  })

  it('refuses a body that breaks off', async () => {
    const request = requestOf({ pull: (controller) => controller.error(new Error('reset')) })
    await expect(readJsonBody(request, clock)).rejects.toMatchObject({
      status: 400,
      code: 'MONITORING_BODY_INVALID',
    })
  })

  it('leaves no timer behind', async () => {
    const quiet = createTestClock()
    await readJsonBody(textRequest('{}'), quiet)
    expect(quiet.pending).toBe(0)
  })
})
