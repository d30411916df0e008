/**
 * One way to a chain. A viem client is one, and so is any EIP-1193 provider. It should not retry by
 * itself: `http(url, { retryCount: 0 })`.
 */
export interface EvmEndpoint {
  /** Names it in logs and metrics: never its URL, which may hold a key. */
  readonly name: string
  readonly client: EvmClient
}

/** The part of a viem client that is needed. */
export interface EvmClient {
  request(args: { method: string; params?: unknown }): Promise<unknown>
}
