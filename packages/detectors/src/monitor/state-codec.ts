/** Marks what JSON has no form for. No state has an object with only this key otherwise. */
const BIGINT = '$bigint'
const MAP = '$map'

/** Writes a state as JSON. It may consist of plain objects, arrays, Maps, texts, numbers and bigints. */
export function encodeState(state: unknown): string {
  return JSON.stringify(state, (_key, value: unknown) => {
    if (typeof value === 'bigint') return { [BIGINT]: String(value) }
    return value instanceof Map ? { [MAP]: [...value] } : value
  })
}

/** Reads what {@link encodeState} wrote. */
export function decodeState(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value
    if (BIGINT in value) return BigInt(value[BIGINT] as string)
    return MAP in value ? new Map(value[MAP] as [unknown, unknown][]) : value
  })
}
