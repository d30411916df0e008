/** One measured value, as the JSON line shows it. */
export interface Measurement {
  readonly value: number
  readonly unit: string
  /** The same quantity for what it is compared with, from the same run. */
  readonly peers: Readonly<Record<string, number>>
  /** How many operations or objects the value was taken from. */
  readonly n: number
}

/** A bound that the value must keep. `holds` decides; `text` is what `bench/README.md` says. */
export interface Target {
  readonly text: string
  readonly holds: (measurement: Measurement) => boolean
}

/** A figure: what is measured, against what, and what it must reach. */
export interface Figure {
  /** Its id, as in `breaker.success`. */
  readonly id: string
  readonly targets: readonly Target[]
  /** Flags of node for the process in which it is measured. */
  readonly nodeFlags?: readonly string[]
  readonly measure: () => Promise<Measurement>
}

/** At most `factor` times the peer's value. */
export function atMostTimes(factor: number, peer: string): Target {
  return {
    text: `≤ ${factor}× ${peer}`,
    holds: ({ value, peers }) => value <= factor * (peers[peer] ?? Number.NaN),
  }
}

/** At least `factor` times less than the peer's value, where less is faster or smaller. */
export function timesLessThan(factor: number, peer: string): Target {
  return {
    text: `≥ ${factor}× less than ${peer}`,
    holds: ({ value, peers }) => value * factor <= (peers[peer] ?? Number.NaN),
  }
}

/** At least `factor` times the peer's value, where more is better. */
export function timesMoreThan(factor: number, peer: string): Target {
  return {
    text: `≥ ${factor}× ${peer}`,
    holds: ({ value, peers }) => value >= factor * (peers[peer] ?? Number.NaN),
  }
}

/** At most so much of a quantity that stands beside the value. */
export function atMostOfPeer(bound: number, peer: string): Target {
  return {
    text: `≤ ${formatBound(bound)} ${peer}`,
    holds: ({ peers }) => (peers[peer] ?? Number.NaN) <= bound,
  }
}

export function atMost(bound: number, unit: string): Target {
  return { text: `≤ ${formatBound(bound)} ${unit}`, holds: ({ value }) => value <= bound }
}

export function atLeast(bound: number, unit: string): Target {
  return { text: `≥ ${formatBound(bound)} ${unit}`, holds: ({ value }) => value >= bound }
}

function formatBound(bound: number): string {
  return bound.toLocaleString('en')
}
