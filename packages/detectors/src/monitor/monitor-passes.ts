import type { CombinedDetector } from '../detector/combine-detectors.ts'
import { groupDetectors } from './monitor-detectors.ts'
import { createMonitorMetrics } from './monitor-metrics.ts'
import { createMonitorPass, type MonitorPass } from './monitor-pass.ts'
import { createPageSize } from './page-size.ts'
import type { MonitorSettings } from './parse-monitor-options.ts'
import { createPartitionRun } from './partition-run.ts'
import { createReconciliationRun, RECONCILIATION_VERSION } from './reconciliation-run.ts'

/** A pass with its source and its cadence. */
export interface ScheduledPass extends MonitorPass {
  /** Names it among the jobs of the monitor, and in its metrics. */
  readonly job: string
  readonly sourceId: string
  readonly everyMs: number
  /** Whether it is worth to run at once when there is news. Rules over minutes keep to their cadence. */
  readonly isPrompt: boolean
}

/**
 * The passes of a monitor: for each source one for each group of detectors, and one that reconciles.
 * Rules about the whole system have one partition, because they must see all.
 */
export function createMonitorPasses(settings: MonitorSettings): readonly ScheduledPass[] {
  const metrics = createMonitorMetrics(settings.metrics)
  return settings.sources.flatMap(({ source, breaker }) => {
    const shared = {
      ...settings,
      source,
      now: () => settings.clock.now(),
      guard: <Result>(read: () => Promise<Result>) => breaker.execute(read),
    }
    const ofDetectors = groupDetectors(settings.detectors).map(({ detector, everyMs }) => {
      const partitions = partitionsOf(detector, settings)
      const pass = nameOf(source.id, detector.id, partitions)
      const job = `${source.id}/${detector.rules.scope}-every-${everyMs}`
      const coverage = metrics.ofPass(job)
      const options = { ...shared, pass, partitions, coverage, version: detector.version }
      const sizes = Array.from({ length: partitions }, () => createPageSize(settings.batchSize))
      const run = createMonitorPass({
        ...options,
        createRun(lease) {
          return createPartitionRun({ ...options, lease, detector }, sizes[lease.partition]!)
        },
      })
      const isPrompt = detector.rules.scope === 'account'
      return Object.assign(run, { job, sourceId: source.id, everyMs, isPrompt })
    })
    const { reconciliation } = settings
    if (reconciliation === undefined) return ofDetectors

    const { partitions } = settings
    const pass = nameOf(source.id, 'reconciliation', partitions)
    const job = `${source.id}/reconciliation`
    const coverage = metrics.ofPass(job)
    const sourceIds = settings.sources.map(({ source: { id } }) => id)
    const options = { ...shared, ...reconciliation, pass, coverage, sourceIds }
    const sizes = Array.from({ length: partitions }, () => createPageSize(settings.batchSize))
    const run = createMonitorPass({
      ...shared,
      pass,
      coverage,
      version: RECONCILIATION_VERSION,
      createRun: (lease) => createReconciliationRun({ ...options, lease }, sizes[lease.partition]!),
    })
    const { everyMs } = reconciliation
    return [...ofDetectors, { ...run, job, sourceId: source.id, everyMs, isPrompt: false }]
  })
}

function partitionsOf({ rules }: CombinedDetector, { partitions }: MonitorSettings): number {
  return rules.scope === 'system' ? 1 : partitions
}

/** Another number of partitions is another pass: it begins anew, and finds nothing twice. */
function nameOf(sourceId: string, detectorId: string, partitions: number): string {
  return `${sourceId} ${detectorId} ${partitions}`
}
