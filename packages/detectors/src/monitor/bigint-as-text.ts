/** For `JSON.stringify`: whole numbers of any size as texts, for which JSON has no form of its own. */
export function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
