import { systemCreateId } from '@assay/core'
import { fromPgPool } from '@assay/core/postgres'
import pg from 'pg'

import { CannotRunError, systemCode } from '../cli/cannot-run-error.ts'
import type { AuditDatabase } from './open-database.ts'

const CONNECT_TIMEOUT_MS = 10_000

/**
 * Makes a schema for one audit in a PostgreSQL, so that audits may run side by side, and the user's
 * own tables are never touched. It is dropped at the end.
 *
 * @param url of the server, which no message repeats
 * @throws {@link CannotRunError} when the server cannot be used
 */
export async function createSchema(url: string): Promise<AuditDatabase> {
  const schema = `assay_audit_${systemCreateId().replaceAll('-', '')}`
  const pool = openPool(url, schema)

  async function drop(): Promise<void> {
    try {
      await pool.query(`drop schema if exists ${schema} cascade`)
    } catch (error) {
      console.error(`The schema ${schema} is left over: ${systemCode(error)}.`)
    }
    await pool.end()
  }

  try {
    await pool.query(`create schema ${schema}`)
  } catch (error) {
    await pool.end()
    throw unusable(systemCode(error), error)
  }
  const { rows } = await pool.query('select current_schema() as name')
  if (rows[0]?.name === schema) return { client: fromPgPool(pool), close: drop }
  await drop()
  throw unusable('its URL or a pooler overrides the search path')
}

function openPool(url: string, schema: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    options: `-c search_path=${schema}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  // A connection that breaks while nobody uses it; whoever uses the next one finds out.
  pool.on('error', () => {})
  return pool
}

function unusable(reason: string, cause?: unknown): CannotRunError {
  return new CannotRunError(
    'AUDIT_DATABASE_FAILED',
    `The PostgreSQL of the database URL cannot be used: ${reason}.`,
    cause,
  )
}
