const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const

/**
 * A duration as Prometheus writes it: `1h30m`.
 *
 * @param ms whole milliseconds, at least 0
 */
export function formatPrometheusDuration(ms: number): string {
  let rest = ms
  let text = ''
  for (const [unit, unitMs] of UNITS) {
    const count = Math.floor(rest / unitMs)
    if (count > 0) text += `${count}${unit}`
    rest -= count * unitMs
  }
  return text === '' ? '0s' : text
}
