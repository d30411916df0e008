/**
 * What can be bound to a placeholder. It is sent as text, and the placeholder's type decides how
 * PostgreSQL reads it. JSON is bound as a string: `$1::text::jsonb`.
 */
export type SqlValue = string | number | bigint | boolean | Date | Uint8Array | null

/**
 * A row as it came. Its columns are unknown until a schema has parsed them. Over every client `int8`
 * is a `bigint`, the smaller integers and floats are numbers, `bool` is a boolean, `timestamptz` a
 * `Date`, `bytea` a `Uint8Array`, `json` and `jsonb` are parsed, and everything else is the text that
 * the server sends: `numeric` above all, and also `date`, `timestamp` and arrays.
 */
export type SqlRow = Readonly<Record<string, unknown>>

/** What a statement gave back. */
export interface SqlResult {
  readonly rows: readonly SqlRow[]
  /** Rows returned or, for a statement that returns none, rows changed. */
  readonly rowCount: number
}

/** Runs statements, either each for itself or all within one transaction. */
export interface SqlExecutor {
  /**
   * Runs one statement of PostgreSQL's dialect.
   *
   * @param text the statement, with placeholders `$1`, `$2`, …; values never stand in the text
   * @param values what the placeholders mean, in order
   */
  query(text: string, values?: readonly SqlValue[]): Promise<SqlResult>
}

/**
 * The PostgreSQL that the host hands in. `@assay/core/postgres` makes one from a `pg` pool, from
 * `postgres` and from PGlite.
 */
export interface SqlClient extends SqlExecutor {
  /**
   * Runs `work` in one transaction: committed when it resolves, rolled back when it rejects. A
   * statement that fails dooms its transaction, whether `work` catches the error or not, and every
   * later one in it fails with the same error.
   *
   * @throws what `work` rejected with, or the error of the first statement that failed
   */
  transaction<Result>(work: (executor: SqlExecutor) => Promise<Result>): Promise<Result>
}
