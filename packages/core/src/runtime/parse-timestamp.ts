/**
 * A `timestamptz` as PostgreSQL writes it (`2026-11-22 10:00:00.123456+00`), to the millisecond.
 * `infinity` and years that no `Date` can hold give an invalid one, which a schema then refuses.
 */
export function parseTimestamp(text: string): Date {
  return new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'))
}
