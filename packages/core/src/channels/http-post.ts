import { InvalidOptionError } from '../errors/invalid-option-error.ts'
import { parseRetryAfter } from '../retry/parse-retry-after.ts'
import type { Clock } from '../runtime/clock.ts'
import type { HttpBodyReader, HttpFetch, HttpResponse } from './alert-channel-options.ts'
import {
  type AlertDeliveryDetails,
  AlertDeliveryFailedError,
  AlertDeliveryRefusedError,
} from './alert-delivery-error.ts'

/** Where a channel posts to, and how it understands the answers. */
export interface HttpEndpoint {
  readonly channel: string
  readonly url: string
  readonly fetch: HttpFetch | undefined
  readonly clock: Clock
  /** What must not appear in an error, though the other side repeat it: tokens, keys, URLs. */
  readonly secrets: readonly string[]
  /** Finds the vendor's own code in the body of an answer that is no success. */
  readonly readVendorCode?: ((body: string) => string | undefined) | undefined
  /** Reads the body of a success, for vendors that refuse with status 200. */
  readonly judgeSuccess?: ((body: string) => SuccessVerdict) | undefined
}

/** What the body of an answer with a status of success says. */
export type SuccessVerdict =
  | { readonly kind: 'confirmed' | 'unconfirmed' }
  | { readonly kind: 'failed' | 'refused'; readonly vendorCode: string }

/** The JSON in a body that should hold some; `undefined` where it holds none. */
export function parseJsonBody(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** What one attempt sends. */
export interface HttpMessage {
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body: string
}

/** As much of an answer as anyone will read. */
const BODY_BYTES_MAX = 64 * 1_024

/** Statuses of clients' errors that may pass: the request came too late, or too many came. */
const TRANSIENT_CLIENT_ERRORS = new Set([408, 425, 429])

/**
 * Posts JSON once: the only place where channels touch HTTP. Errors name the status and, where they
 * are harmless, the vendor's code and the code of the socket; never a URL, a header or a body.
 *
 * @throws {AlertDeliveryFailedError} `ALERT_DELIVERY_FAILED`
 * @throws {AlertDeliveryRefusedError} `ALERT_DELIVERY_REFUSED`
 */
export async function postJson(
  endpoint: HttpEndpoint,
  { headers, body }: HttpMessage,
  signal: AbortSignal,
): Promise<void> {
  const response = await request(endpoint, { headers, body }, signal)
  if (response.status >= 200 && response.status < 300) return confirm(endpoint, response)
  throw await explain(endpoint, response)
}

/** Requires a URL that a channel can post to. The error does not repeat it. */
export function assertHttpUrl(factory: string, option: string, url: string): void {
  const parsed = URL.parse(url)
  if (
    parsed !== null &&
    (parsed.protocol === 'https:' || parsed.protocol === 'http:') &&
    parsed.username === '' &&
    parsed.password === ''
  ) {
    return
  }
  throw new InvalidOptionError(factory, option, 'an http or https URL without user and password')
}

/** Requires a text that can stand in an HTTP header. The error does not repeat it. */
export function assertSecretText(factory: string, option: string, value: string): void {
  if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return
  throw new InvalidOptionError(factory, option, 'printable ASCII without spaces, and not empty')
}

/** The headers with their names in lower case; requires what HTTP allows, and repeats none of it. */
export function readHeaders(
  factory: string,
  headers: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  try {
    return Object.fromEntries(new Headers({ ...headers }))
  } catch {
    throw new InvalidOptionError(factory, 'headers', 'names and values that HTTP allows')
  }
}

async function request(
  { channel, url, fetch = globalThis.fetch, secrets }: HttpEndpoint,
  { headers, body }: HttpMessage,
  signal: AbortSignal,
): Promise<HttpResponse> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
      body,
      redirect: 'manual',
      signal,
    })
  } catch (error) {
    // What `fetch` throws may name the URL, so that it is not kept as the cause.
    const vendorCode = harmlessCode(readSocketCode(error), secrets)
    throw new AlertDeliveryFailedError(channel, 'network', { vendorCode })
  }
}

async function confirm(endpoint: HttpEndpoint, response: HttpResponse): Promise<void> {
  const { channel, secrets, judgeSuccess } = endpoint
  const { status } = response
  if (judgeSuccess === undefined) {
    // The status has confirmed it: a body that hangs or breaks changes nothing.
    letGo(response.body?.getReader())
    return
  }
  const text = await readBody(response.body?.getReader()).catch(() => undefined)
  const verdict: SuccessVerdict = text === undefined ? { kind: 'unconfirmed' } : judgeSuccess(text)
  switch (verdict.kind) {
    case 'confirmed':
      return
    case 'unconfirmed':
      throw new AlertDeliveryFailedError(channel, 'unconfirmed', { status })
    case 'failed':
      throw new AlertDeliveryFailedError(channel, 'server-error', {
        status,
        vendorCode: harmlessCode(verdict.vendorCode, secrets),
      })
    case 'refused':
      throw new AlertDeliveryRefusedError(channel, {
        status,
        vendorCode: harmlessCode(verdict.vendorCode, secrets),
      })
  }
}

async function explain(
  endpoint: HttpEndpoint,
  response: HttpResponse,
): Promise<AlertDeliveryFailedError | AlertDeliveryRefusedError> {
  const { channel, clock, secrets } = endpoint
  const { status, headers } = response
  const vendorCode = harmlessCode(await vendorCodeOf(endpoint, response), secrets)
  const details: AlertDeliveryDetails = { status, vendorCode }
  if (status < 500 && !TRANSIENT_CLIENT_ERRORS.has(status)) {
    return new AlertDeliveryRefusedError(channel, details)
  }
  const retryAfterMs = parseRetryAfter(headers.get('retry-after'), clock.now())
  const reason = status === 429 ? 'rate-limited' : 'server-error'
  return new AlertDeliveryFailedError(channel, reason, { ...details, retryAfterMs })
}

async function vendorCodeOf(
  { readVendorCode, clock }: HttpEndpoint,
  { body }: HttpResponse,
): Promise<string | undefined> {
  const reader = body?.getReader()
  if (readVendorCode !== undefined) return readVendorCode(await readExplanation(reader, clock))
  letGo(reader)
  return undefined
}

/** How long an answer that is no success may take to say why: the status is known already. */
const EXPLANATION_MAX_MS = 1_000

/** The body, or what says nothing where it is slow, cut or absent. */
async function readExplanation(reader: HttpBodyReader | undefined, clock: Clock): Promise<string> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(() => {
      letGo(reader)
      resolve('')
    }, EXPLANATION_MAX_MS)
    const settle = (text: string): void => {
      timer.cancel()
      resolve(text)
    }
    readBody(reader).then(settle, () => settle(''))
  })
}

/** A body that nobody reads would keep its connection. */
function letGo(reader: HttpBodyReader | undefined): void {
  reader?.cancel().catch(() => {})
}

/** The beginning of the body, as text. */
async function readBody(reader: HttpBodyReader | undefined): Promise<string> {
  if (reader === undefined) return ''
  const decoder = new TextDecoder()
  let text = ''
  for (let bytes = 0; bytes < BODY_BYTES_MAX;) {
    const { done, value } = await reader.read()
    if (done || value === undefined) return text + decoder.decode()
    bytes += value.length
    text += decoder.decode(value, { stream: true })
  }
  letGo(reader)
  return text
}

/** `ECONNREFUSED` and the like, which stand on the cause of what `fetch` throws. */
function readSocketCode(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } | null }
  const found = cause?.code ?? code
  return typeof found === 'string' ? found : undefined
}

/** Passes a code that reads like one, and that shares nothing with a secret. */
function harmlessCode(code: string | undefined, secrets: readonly string[]): string | undefined {
  if (code === undefined || !/^[a-z][\w-]{0,63}$/i.test(code)) return undefined
  const isShared = secrets.some((secret) => secret.includes(code) || code.includes(secret))
  return isShared ? undefined : code
}
