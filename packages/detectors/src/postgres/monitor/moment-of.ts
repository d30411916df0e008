/** The timestamp of a parameter in epoch milliseconds. */
export function momentOf(placeholder: string): string {
  return `to_timestamp(${placeholder}::float8 / 1000)`
}
