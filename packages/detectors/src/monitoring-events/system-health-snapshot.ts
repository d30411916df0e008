/** How the payments of an hour went, as one look at the ledger found it. */
export interface SystemHealthSnapshot {
  readonly takenAt: number
  /** `unknown` when nothing happened: no traffic is no sign of trouble. */
  readonly status: 'healthy' | 'degraded' | 'unknown'
  readonly totalTransactionsLastHour: number
  readonly successfulTransactionsLastHour: number
  readonly failedTransactionsLastHour: number
  /** Of those that succeeded or failed, in hundredths of a percent; `null` when there were none. */
  readonly successRateBps: number | null
  readonly processingP50Ms: number | null
  readonly processingP95Ms: number | null
  readonly processingP99Ms: number | null
  /** Signed, by currency; balances below zero included. */
  readonly totalBalanceMinor: Readonly<Record<string, bigint>>
  readonly negativeBalances: number
  readonly openEvents: number
  readonly criticalEventsLastHour: number
}
