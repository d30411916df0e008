import {
  assertDurationMs,
  type Clock,
  type HealthCheck,
  InvalidOptionError,
  type Logger,
  type Metrics,
  silentLogger,
  systemClock,
} from '@assay/core'

import type { Monitor } from '../monitor/monitor.ts'
import type { MonitoringRepository } from '../monitoring-events/monitoring-repository.ts'
import { type CorsOptions, type CorsPolicy, readCorsPolicy } from './cors-policy.ts'

/**
 * Says who asks, or that this one may not. It reads headers, and leaves the body alone.
 *
 * @param request the request as it came in
 * @param action whether it only reads, or changes something
 * @returns the name under which a change is noted, of 1 to 255 characters; `null` to refuse
 */
export type Authorize = (
  request: Request,
  action: 'read' | 'write',
) => string | null | Promise<string | null>

/** The piece of a registry of Prometheus' clients that is needed here. */
export interface ScrapedRegistry {
  readonly contentType: string
  metrics(): Promise<string>
}

/** Options of `createMonitoringHandler`. */
export interface MonitoringHandlerOptions {
  /** Where findings and the system's health are kept. */
  readonly repository: Omit<MonitoringRepository, 'saveHealth' | 'readEventFigures'>
  /** Whose cycles can be asked for, and whose sources are shown. */
  readonly monitor: Pick<Monitor, 'cycle' | 'status'>
  /** Asked before anything is changed, and before anything is read. */
  readonly authorize: Authorize
  /**
   * Whether reading is for those only whom `authorize` lets in. With `false` anybody who reaches the
   * handler reads findings, with their cards and amounts. Default `true`.
   */
  readonly authorizeReads?: boolean | undefined
  /** Which web pages of other origins may use the API. Default: none. */
  readonly cors?: CorsOptions | undefined
  /** What the paths begin with, such as `/monitoring`, where the host does not take it off. */
  readonly basePath?: string | undefined
  /** What else must work for the service to be healthy. */
  readonly healthCheck?: Pick<HealthCheck, 'readiness'> | undefined
  /** Shown to whoever asks `GET /metrics` for text: `register` of prom-client, for instance. */
  readonly registry?: ScrapedRegistry | undefined
  /** For how long a snapshot of the system's health is given out, in milliseconds. Default 300,000. */
  readonly healthCacheMs?: number | undefined
  /** How old a snapshot may be to say anything, in milliseconds. Default 900,000. */
  readonly healthAgeMaxMs?: number | undefined
  /** After which a request is given up, in milliseconds. Default 10,000. */
  readonly answerTimeoutMs?: number | undefined
  /** How long `POST /cycle` waits for the end of its cycle, in milliseconds. Default 10,000. */
  readonly cycleWaitMs?: number | undefined
  /** After which a cycle that was asked for is aborted, in milliseconds. Default 300,000. */
  readonly cycleTimeoutMs?: number | undefined
  readonly clock?: Clock | undefined
  /** Told what went wrong inside, and who changed what. */
  readonly logger?: Logger | undefined
  /** Counts and times requests. Leave it out where the host instruments all of its requests. */
  readonly metrics?: Metrics | undefined
}

/** The options of the handler with every default filled in. */
export interface ApiSettings {
  readonly repository: MonitoringHandlerOptions['repository']
  readonly monitor: MonitoringHandlerOptions['monitor']
  /** A host without types may have left it out. */
  readonly authorize: Authorize | undefined
  readonly authorizeReads: boolean
  readonly cors: CorsPolicy
  readonly basePath: string
  readonly healthCheck: MonitoringHandlerOptions['healthCheck']
  readonly registry: ScrapedRegistry | undefined
  readonly healthCacheMs: number
  readonly healthAgeMaxMs: number
  readonly answerTimeoutMs: number
  readonly cycleWaitMs: number
  readonly cycleTimeoutMs: number
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics | undefined
}

/** The factory that hosts know, for errors. */
const FACTORY = 'createMonitoringHandler'

/** Checks the options of the handler, and fills in the defaults. */
export function readApiSettings(options: MonitoringHandlerOptions): ApiSettings {
  const {
    clock = systemClock,
    logger = silentLogger,
    basePath = '',
    authorizeReads = true,
    healthCheck,
    registry,
    metrics,
  } = options
  if (!/^(?:\/[\w.~-]+)*$/.test(basePath)) {
    const requirement = 'empty, or segments that each begin with a slash, such as `/monitoring`'
    throw new InvalidOptionError(FACTORY, 'basePath', requirement)
  }
  if (typeof authorizeReads !== 'boolean') {
    throw new InvalidOptionError(FACTORY, 'authorizeReads', 'a boolean')
  }
  return {
    repository: options.repository,
    monitor: options.monitor,
    authorize: options.authorize,
    authorizeReads,
    cors: readCorsPolicy(FACTORY, options.cors),
    basePath,
    healthCheck,
    registry,
    healthCacheMs: duration(options, 'healthCacheMs', 300_000),
    healthAgeMaxMs: duration(options, 'healthAgeMaxMs', 900_000),
    answerTimeoutMs: duration(options, 'answerTimeoutMs', 10_000),
    cycleWaitMs: duration(options, 'cycleWaitMs', 10_000),
    cycleTimeoutMs: duration(options, 'cycleTimeoutMs', 300_000),
    clock,
    logger: quietLogger(logger),
    metrics,
  }
}

/** A logger that throws would turn a change that was made into a failure. */
function quietLogger(logger: Logger): Logger {
  const quiet =
    (level: keyof Logger): Logger['info'] =>
    (facts, message) => {
      try {
        logger[level](facts, message)
      } catch {
        // There is nobody left to tell.
      }
    }
  return {
    debug: quiet('debug'),
    info: quiet('info'),
    warn: quiet('warn'),
    error: quiet('error'),
  }
}

type DurationOption = Extract<keyof MonitoringHandlerOptions, `${string}Ms`>

function duration(
  options: MonitoringHandlerOptions,
  name: DurationOption,
  fallback: number,
): number {
  const value = options[name] ?? fallback
  assertDurationMs(FACTORY, name, value)
  return value
}
