import type { Logger } from '../logger/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'

/** What every channel over a network takes. */
export interface AlertChannelOptions {
  /**
   * Names the channel in errors, logs and metrics, and its circuit (`alert-channel-` and the name).
   * Unique among channels that share metrics. Default: the kind of the channel.
   */
  readonly name?: string | undefined
  /** How long one attempt may take, the answer's body included, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number | undefined
  /** How often one notification is tried at most, the first time included. Default 5. */
  readonly attemptsMax?: number | undefined
  /** Upper bound of the first wait between attempts; it doubles with each. Default 500 ms. */
  readonly delayMs?: number | undefined
  /** What the doubling stops at. Default 30,000 ms. */
  readonly delayMaxMs?: number | undefined
  /** The least time between two attempts of this channel, in milliseconds. 0 for none. */
  readonly intervalMs?: number | undefined
  /**
   * How long the other side may hold the channel by a `Retry-After`, in milliseconds; one that asks for
   * more is counted in `alert_channel_cut_pauses_total`. Default 3,600,000, an hour.
   */
  readonly holdMaxMs?: number | undefined
  /** How many deliveries may wait for their turn. The next one fails at once. Default 1,000. */
  readonly waitingMax?: number | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  readonly metrics?: Metrics | undefined
  readonly logger?: Logger | undefined
}

/** What every channel over HTTP takes. */
export interface HttpAlertChannelOptions extends AlertChannelOptions {
  /** Makes the requests. Default: `globalThis.fetch`, looked up at each request. */
  readonly fetch?: HttpFetch | undefined
}

/** The piece of `fetch` that a channel needs. */
export type HttpFetch = (url: string, request: HttpRequest) => Promise<HttpResponse>

/** What a channel asks `fetch` for. */
export interface HttpRequest {
  readonly method: 'POST'
  readonly headers: Record<string, string>
  readonly body: string
  /** A redirection is an answer like any other: following it would hand our secrets on. */
  readonly redirect: 'manual'
  readonly signal: AbortSignal
}

/** What a channel reads of an answer. */
export interface HttpResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: { getReader(): HttpBodyReader } | null
}

/** Reads the body of an answer piece by piece. */
export interface HttpBodyReader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>
  cancel(): Promise<void>
}
