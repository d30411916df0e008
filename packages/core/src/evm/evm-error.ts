import { AssayError } from '../errors/assay-error.ts'

/** What is known of an error of an endpoint, without what must not be logged. */
export interface EndpointFault {
  /** The code of JSON-RPC, where the endpoint itself has answered. */
  readonly rpcCode: number | undefined
  /** What the endpoint said, in lower case; empty where it said nothing. */
  readonly said: string
  /** The bytes that a reverted call gave back. */
  readonly data: string | undefined
}

/** So deep at most the causes of an error are followed. */
const DEPTH_MAX = 16

/**
 * Reads an error of viem, or of any EIP-1193 provider, by walking its causes. Only an answer of the
 * endpoint's JSON-RPC counts as something said: the page of a proxy that failed says nothing.
 */
export function readEndpointFault(error: unknown): EndpointFault {
  let rpcCode: number | undefined
  let said = ''
  let data: string | undefined
  let link: unknown = error
  for (let depth = 0; depth < DEPTH_MAX && typeof link === 'object' && link !== null; depth += 1) {
    const { code, details, message, data: bytes, cause, name } = link as Record<string, unknown>
    if (name === 'HttpRequestError' || name === 'TimeoutError') break
    if (typeof code === 'number') {
      rpcCode = code
      said += ` ${typeof details === 'string' ? details : ''} ${typeof message === 'string' ? message : ''}`
    }
    data ??= bytesIn(bytes)
    link = cause
  }
  return { rpcCode, said: said.toLowerCase(), data }
}

/** Some endpoints put the bytes into an object of their own. */
function bytesIn(data: unknown): string | undefined {
  if (typeof data === 'string') return /0x[\da-f]*/i.exec(data)?.[0]
  if (typeof data !== 'object' || data === null || !('data' in data)) return undefined
  return typeof data.data === 'string' ? data.data : undefined
}

/**
 * The same error as one that may be logged: viem writes the URL and the body of the request into its
 * messages, and either may hold a key.
 */
export function endpointError(endpoint: string, error: unknown): AssayError {
  return new AssayError('EVM_ENDPOINT_FAILED', {
    message: `The endpoint ${endpoint} did not answer as it should.`,
    retry: 'safe',
    context: { endpoint, ...describe(error) },
  })
}

const SAID_MAX = 200

function describe(error: unknown): { readonly fault: string; readonly said?: string } {
  const { rpcCode, said } = readEndpointFault(error)
  const name = error instanceof Error ? error.name : typeof error
  if (rpcCode === undefined) return { fault: name }
  const safe =
    said
      .trim()
      .replaceAll(/\w+:\/\/\S+/g, '[url]')
      .split(/\n|request body/)[0] ?? ''
  return { fault: `${name} ${rpcCode}`, said: safe.slice(0, SAID_MAX) }
}
