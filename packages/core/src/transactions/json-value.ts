/** What survives `JSON.stringify` and `JSON.parse` unchanged. Integers above 2^53 stand in strings. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }
