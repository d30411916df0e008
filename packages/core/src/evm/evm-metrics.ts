import { tellQuietly } from '../errors/tell-quietly.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** Counter by `endpoint`: readings that another endpoint had to do. */
export const EVM_ENDPOINT_FAILURES_TOTAL = 'evm_endpoint_failures_total'
/** Counter by `endpoint`: answers that are not what was asked for. */
export const EVM_ENDPOINT_UNREADABLE_TOTAL = 'evm_endpoint_unreadable_total'

/** What is counted of one endpoint. */
export interface EndpointTally {
  failed(): void
  unreadable(): void
}

/** @throws {MetricConflictError} `METRIC_CONFLICT` when a name stands for something else */
export function createEndpointTally(metrics: Metrics, endpoint: string): EndpointTally {
  const failures = metrics
    .counter({
      name: EVM_ENDPOINT_FAILURES_TOTAL,
      help: 'Readings that another endpoint had to do.',
      labelNames: ['endpoint'],
    })
    .labels({ endpoint })
  const unreadable = metrics
    .counter({
      name: EVM_ENDPOINT_UNREADABLE_TOTAL,
      help: 'Answers that are not what was asked for.',
      labelNames: ['endpoint'],
    })
    .labels({ endpoint })
  return {
    failed: () => tellQuietly(() => failures.inc()),
    unreadable: () => tellQuietly(() => unreadable.inc()),
  }
}
