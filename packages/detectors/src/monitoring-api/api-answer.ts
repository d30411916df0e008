import type { ApiRefusalError } from './api-refusal-error.ts'

/** What a request is answered with, before the headers that all answers have. */
export interface ApiAnswer {
  readonly status: number
  readonly body: string | null
  readonly headers: Readonly<Record<string, string>>
}

/** An answer that programs read. */
export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): ApiAnswer {
  return {
    status,
    body: JSON.stringify(value),
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  }
}

/** The answer to a request that is refused, or that could not be served. */
export function refusalAnswer({ code, status, message, headers }: ApiRefusalError): ApiAnswer {
  return jsonAnswer(status, { error: { code, message } }, headers)
}

/** No answer of this API is to be kept, or taken for something to show or to run. */
const HEADERS_OF_ALL = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
}

/** The answer as it goes out. */
export function toResponse(
  { status, body, headers }: ApiAnswer,
  method: string,
  headersOfOrigin: Readonly<Record<string, string>>,
): Response {
  const response = new Response(method === 'HEAD' ? null : body, {
    status,
    headers: { ...headers, ...HEADERS_OF_ALL },
  })
  // Added to what the answer says: both may name headers in `vary`.
  for (const [name, value] of Object.entries(headersOfOrigin)) response.headers.append(name, value)
  return response
}
