import {
  type CombinedDetector,
  combineDetectors,
  type ConfiguredDetector,
} from '../detector/combine-detectors.ts'

/** A detector with its cadence. */
export interface MonitoredDetector {
  readonly detector: ConfiguredDetector
  /** How often it runs, in milliseconds. */
  readonly everyMs: number
}

/** Detectors that share one pass over the events. */
export interface DetectorGroup {
  readonly detector: CombinedDetector
  readonly everyMs: number
}

/** Detectors of the same cadence and scope read and judge each event together. */
export function groupDetectors(detectors: readonly MonitoredDetector[]): readonly DetectorGroup[] {
  const groups = Map.groupBy(
    detectors,
    ({ detector, everyMs }) => `${detector.rules.scope} ${everyMs}`,
  )
  return [...groups.values()].map((group) => ({
    detector: combineDetectors(group.map(({ detector }) => detector)),
    everyMs: group[0]!.everyMs,
  }))
}
