/**
 * HMAC-SHA-256 of the text's UTF-8 bytes, in base64. Looked up at the call for the reason that
 * `sha256Hex` states.
 *
 * @param key a text, taken as UTF-8, or raw bytes
 */
export function hmacSha256Base64(key: string | Uint8Array, text: string): string {
  return process
    .getBuiltinModule('node:crypto')
    .createHmac('sha256', key)
    .update(text, 'utf8')
    .digest('base64')
}

/** Whether two texts are the same, in a time that tells nothing of where they differ. */
export function isSameSecretly(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && process.getBuiltinModule('node:crypto').timingSafeEqual(a, b)
}
