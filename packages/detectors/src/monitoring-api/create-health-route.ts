import { formatHealthJson, type HealthReport } from '@assay/core'

import { type ApiAnswer, jsonAnswer } from './api-answer.ts'
import type { ApiSettings } from './api-settings.ts'
import { createCachedReading } from './cached-reading.ts'
import { judgeMonitoringHealth } from './health-verdict.ts'
import { snapshotJson, sourcesJson } from './monitoring-json.ts'

/**
 * However many probes there are, the store is asked once in this time for what may be otherwise at any
 * moment: the monitors' positions, and the first snapshot.
 */
const BRIEFLY_MS = 1_000

/** Makes what answers `GET /health`: with 503 when the monitoring cannot do its work. */
export function createHealthRoute(settings: ApiSettings): () => Promise<ApiAnswer> {
  const { repository, monitor, healthCheck, healthCacheMs, healthAgeMaxMs, clock, logger } =
    settings
  const readSnapshot = createCachedReading({
    read: async () => (await repository.listHealth(1))[0] ?? ('none' as const),
    keepMs: (snapshot) =>
      snapshot === 'none' ? Math.min(BRIEFLY_MS, healthCacheMs) : healthCacheMs,
    clock,
  })
  const readMonitor = createCachedReading({
    read: () => monitor.status(),
    keepMs: () => BRIEFLY_MS,
    clock,
  })

  /** What cannot be read makes the health bad, and not the answer. */
  async function orNull<Value>(what: string, reading: Promise<Value>): Promise<Value | null> {
    try {
      return await reading
    } catch (error) {
      logger.error({ err: error, what }, 'Part of the health could not be read.')
      return null
    }
  }

  return async () => {
    const [snapshot, status, checks] = await Promise.all([
      orNull('snapshot', readSnapshot()),
      orNull('monitor', readMonitor()),
      healthCheck === undefined ? undefined : orNull('checks', healthCheck.readiness()),
    ])
    const verdict = judgeMonitoringHealth(
      { snapshot, monitor: status, checks },
      { now: clock.now(), ageMaxMs: healthAgeMaxMs },
    )
    return jsonAnswer(verdict.status === 'unhealthy' ? 503 : 200, {
      ...verdict,
      system: snapshot === null || snapshot === 'none' ? null : snapshotJson(snapshot),
      sources: status === null ? null : sourcesJson(status),
      ...checksJson(checks),
    })
  }
}

function checksJson(checks: HealthReport | null | undefined): object {
  if (checks === undefined) return {}
  return { checks: checks === null ? null : formatHealthJson(checks) }
}
