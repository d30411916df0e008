/**
 * SHA-256 of the text's UTF-8 bytes, in lower-case hexadecimal.
 *
 * The module is looked up at the call: an `import` of `node:crypto` would stop every bundle for a
 * browser or an edge runtime that wants the circuit breaker alone. Web Crypto is everywhere, and it
 * only hashes asynchronously, which a synchronous fingerprint cannot wait for.
 */
export function sha256Hex(text: string): string {
  return process.getBuiltinModule('node:crypto').hash('sha256', text, 'hex')
}
