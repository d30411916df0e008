/** Takes a measurement. One that fails must not fail what is measured. */
export function measureQuietly(measure: () => void): void {
  try {
    measure()
  } catch {
    // Whoever hands in metrics that throw will miss them in the metrics.
  }
}
