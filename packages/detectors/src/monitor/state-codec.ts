/** Marks what JSON has no form for. No state has an object with only this key otherwise. */
const BIGINT = '$bigint'
const MAP = '$map'
/** Marks objects of the same keys, which stand before them once: waiting events, above all. */
const ROWS = '$rows'

/** From so many on the keys are written once. */
const ROWS_MIN = 8

/** Writes a state as JSON. It may consist of plain objects, arrays, Maps, texts, numbers and bigints. */
export function encodeState(state: unknown): string {
  return JSON.stringify(state, (_key, value: unknown) => {
    if (typeof value === 'bigint') return { [BIGINT]: String(value) }
    if (Array.isArray(value)) return rowsOf(value) ?? value
    return value instanceof Map ? { [MAP]: [...value] } : value
  })
}

/** Reads what {@link encodeState} wrote. */
export function decodeState(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value
    if (BIGINT in value) return BigInt(value[BIGINT] as string)
    if (ROWS in value) return objectsOf(value[ROWS] as [string[], ...unknown[][]])
    return MAP in value ? new Map(value[MAP] as [unknown, unknown][]) : value
  })
}

/** Many objects of the same keys as one list of keys and lists of values; anything else as `null`. */
function rowsOf(values: readonly unknown[]): { readonly [ROWS]: readonly unknown[] } | null {
  const [first] = values
  if (values.length < ROWS_MIN || !isPlain(first)) return null
  const keys = Object.keys(first)
  const rows: unknown[] = [keys]
  for (const value of values) {
    if (!isPlain(value)) return null
    const row = Object.values(value)
    // Of a key without a value JSON keeps nothing, where a list would keep `null`.
    if (row.includes(undefined) || !hasKeys(value, keys)) return null
    rows.push(row)
  }
  return { [ROWS]: rows }
}

function isPlain(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  )
}

function hasKeys(value: object, keys: readonly string[]): boolean {
  const own = Object.keys(value)
  return own.length === keys.length && own.every((key, index) => key === keys[index])
}

function objectsOf([keys, ...rows]: readonly [string[], ...unknown[][]]): object[] {
  return rows.map((row) => Object.fromEntries(keys.map((key, index) => [key, row[index]])))
}
