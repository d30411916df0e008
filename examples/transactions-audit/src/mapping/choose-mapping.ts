import { CannotRunError } from '../cli/cannot-run-error.ts'
import { printable } from '../report/printable.ts'
import { builtInMappings, type NamedMapping } from './load-mapping.ts'
import type { Mapping } from './mapping.ts'

/**
 * Finds the built-in mapping whose columns the file has.
 *
 * @param header the names of the file's columns
 * @throws {@link CannotRunError} when none fits
 */
export function chooseMapping(header: readonly string[]): NamedMapping {
  for (const [name, mapping] of Object.entries(builtInMappings)) {
    if (columnsOf(mapping).every((column) => header.includes(column))) return { name, mapping }
  }
  const names = printable(header.join(', '), 300)
  throw new CannotRunError(
    'AUDIT_MAPPING_INVALID',
    `No built-in mapping fits a file with the columns ${names}: give one with --mapping.`,
  )
}

function columnsOf({ columns, sign, currency, status, time }: Mapping): string[] {
  const parts = [sign, currency, status, time]
  return [
    ...Object.values(columns).filter((column) => column !== undefined),
    ...parts.flatMap((part) => ('column' in part ? [part.column] : [])),
  ]
}
