import type { Finding, FindingAmount } from '../detector/finding.ts'
import type { TransactionStatus } from '../ledger/ledger-entry.ts'

/** How a system fares: its transactions of a window, and its balances. */
export interface SystemHealth {
  readonly status: SystemHealthStatus
  /** Why it is not healthy; empty when it is. */
  readonly reasons: readonly SystemHealthReason[]
  /** The window of event time, inclusive at both ends, in epoch milliseconds. */
  readonly fromMs: number
  readonly toMs: number
  readonly transactions: Readonly<Record<TransactionStatus | 'total', number>>
  /** The share of those that completed or failed which completed, from 0 to 1; `null` without any. */
  readonly successRate: number | null
  /** How long those that completed or failed took; `null` where the source says it of none. */
  readonly processing: ProcessingPercentiles | null
  /** What completed transactions moved, by currency: signed, so that refunds reduce what was paid. */
  readonly moved: readonly FindingAmount[]
  readonly accounts: {
    /** Those whose balance is known. */
    readonly total: number
    /** Those whose balance lies below zero, within their overdraft limit or not. */
    readonly negative: number
    /** What all of them hold, by currency: balances below zero reduce it. */
    readonly held: readonly FindingAmount[]
  }
  /** Rows that did not parse. */
  readonly rejected: number
  /** What could not be told apart or kept within its bound. */
  readonly left: {
    /** Amounts in further currencies than are told apart. */
    readonly currencies: number
    /** Transactions of accounts with so many that a repeated one would have been counted twice. */
    readonly unremembered: number
  }
  /**
   * Opens when the system is degraded. With `openFinding`, it is updated while that lasts, and resolved
   * when the system is healthy again.
   */
  readonly finding: Finding<SystemHealthRuleId> | null
}

/**
 * - `healthy`: all is within its threshold.
 * - `degraded`: something is not.
 * - `unknown`: too few transactions completed or failed to tell.
 */
export type SystemHealthStatus = 'healthy' | 'degraded' | 'unknown'

/** The rule on the health of a system. */
export type SystemHealthRuleId = 'system.health'

/**
 * Why a system is not healthy.
 *
 * - `no-traffic`: fewer transactions completed or failed than tell anything.
 * - `failures`: too many of them failed.
 * - `slow`: the 95th percentile of their processing time is too long.
 * - `negative-balances`: too many accounts hold less than nothing.
 */
export type SystemHealthReason = 'no-traffic' | 'failures' | 'slow' | 'negative-balances'

/** Percentiles by nearest rank, in milliseconds. */
export interface ProcessingPercentiles {
  readonly samples: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  /** By how much each may be wrong, as a share of it: 0 while every sample is kept, then 0.01. */
  readonly relativeError: number
}

/** Grows when the same figures are judged otherwise. */
export const SYSTEM_HEALTH_VERSION = 1
