/** Why an audit could not run. Each is explained in the README. */
export type CannotRunCode =
  | 'AUDIT_ARGUMENTS_INVALID'
  | 'AUDIT_FILE_UNREADABLE'
  | 'AUDIT_COLUMN_MISSING'
  | 'AUDIT_CURRENCY_UNKNOWN'
  | 'AUDIT_MAPPING_INVALID'
  | 'AUDIT_OUTPUT_UNWRITABLE'
  | 'AUDIT_DATABASE_FAILED'
  | 'AUDIT_INTERRUPTED'

/** The audit could not run, or not to its end: one sentence, and exit code 1. */
export class CannotRunError extends Error {
  override readonly name = 'CannotRunError'
  readonly code: CannotRunCode

  constructor(code: CannotRunCode, sentence: string, cause?: unknown) {
    super(sentence, { cause })
    this.code = code
  }
}

/** What the system says about a failure in a word, such as `ENOENT`; never its message. */
export function systemCode(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error) return String(error.code)
  return 'unknown reason'
}
