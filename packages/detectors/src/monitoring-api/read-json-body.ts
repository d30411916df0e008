import type { Clock } from '@assay/core'

import { ApiRefusalError } from './api-refusal-error.ts'

/** The most that a body may weigh. */
export const BODY_BYTES_MAX = 16 * 1_024
/** How long a body may take to arrive. */
export const BODY_TIMEOUT_MS = 5_000

/**
 * The JSON in a request's body; `undefined` where there is no body. It is counted while it arrives,
 * for the length that a client states is only what it says.
 */
export async function readJsonBody(request: Request, clock: Clock): Promise<unknown> {
  if (Number(request.headers.get('content-length') ?? 0) > BODY_BYTES_MAX) throw tooLarge()
  const bytes = await readBytes(request, clock)
  if (bytes.length === 0) return undefined
  assertJsonType(request.headers)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new ApiRefusalError('MONITORING_BODY_INVALID', 400, 'The body must be JSON in UTF-8.')
  }
}

async function readBytes({ body }: Request, clock: Clock): Promise<Uint8Array> {
  const reader = body?.getReader()
  if (reader === undefined) return new Uint8Array()
  const read = new Uint8Array(BODY_BYTES_MAX)
  let length = 0
  let isLate = false
  const timer = clock.setTimer(() => {
    isLate = true
    letGo(reader)
  }, BODY_TIMEOUT_MS)
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new ApiRefusalError('MONITORING_BODY_INVALID', 400, 'The body broke off.')
      })
      // A body that was let go ends like one that is complete.
      if (isLate) throw tooSlow()
      if (done || value === undefined) return read.subarray(0, length)
      if (length + value.length > BODY_BYTES_MAX) {
        letGo(reader)
        throw tooLarge()
      }
      read.set(value, length)
      length += value.length
    }
  } finally {
    timer.cancel()
  }
}

function letGo(reader: { cancel(): Promise<void> }): void {
  reader.cancel().catch(() => {})
}

/** Browsers ask first before they send this type to another origin; a form cannot send it. */
function assertJsonType(headers: Request['headers']): void {
  const type = headers.get('content-type') ?? ''
  const encoding = headers.get('content-encoding') ?? 'identity'
  const isJson = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(type)
  if (isJson && encoding === 'identity') return
  throw new ApiRefusalError(
    'MONITORING_MEDIA_TYPE_UNSUPPORTED',
    415,
    'The body must be application/json in UTF-8, and not compressed.',
  )
}

function tooLarge(): ApiRefusalError {
  const message = `The body may have at most ${BODY_BYTES_MAX} bytes.`
  return new ApiRefusalError('MONITORING_BODY_TOO_LARGE', 413, message)
}

function tooSlow(): ApiRefusalError {
  const message = `The body must arrive within ${BODY_TIMEOUT_MS / 1_000} seconds.`
  return new ApiRefusalError('MONITORING_BODY_TOO_SLOW', 408, message)
}
