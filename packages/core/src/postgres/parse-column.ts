import { parseTimestamp } from '../runtime/parse-timestamp.ts'

/** How a value of one PostgreSQL type becomes one of ours. */
type ColumnParser = (text: string) => unknown

/**
 * By type OID (https://www.postgresql.org/docs/current/catalog-pg-type.html). Every adapter reads
 * columns with this table and not with its client's own, which differ from each other and which the
 * host may have changed. What is not listed stays text: `numeric` above all, which no number can hold.
 */
const columnParsers: Readonly<Record<number, ColumnParser>> = {
  16: (text) => text === 't', // bool
  17: (text) => parseBytes(text), // bytea
  20: (text) => BigInt(text), // int8
  21: (text) => Number(text), // int2
  23: (text) => Number(text), // int4
  26: (text) => Number(text), // oid
  114: (text) => JSON.parse(text) as unknown, // json
  700: (text) => Number(text), // float4
  701: (text) => Number(text), // float8
  1184: (text) => parseTimestamp(text), // timestamptz
  3802: (text) => JSON.parse(text) as unknown, // jsonb
}

/** The value of a column from the text that the server sent. */
export function parseColumn(typeOid: number, text: string): unknown {
  const parse = columnParsers[typeOid]
  return parse === undefined ? text : parse(text)
}

/** Servers send `\x…`, unless a host has set `bytea_output` to the older form, which stays text. */
function parseBytes(text: string): Uint8Array | string {
  if (!text.startsWith('\\x')) return text
  return Uint8Array.from({ length: text.length / 2 - 1 }, (_, index) =>
    Number.parseInt(text.slice(2 * index + 2, 2 * index + 4), 16),
  )
}
