/** Makes an identifier that no other call returns. */
export type CreateId = () => string

/** Random version 4 UUIDs, from the host's cryptographic source. */
export const systemCreateId: CreateId = () => globalThis.crypto.randomUUID()
