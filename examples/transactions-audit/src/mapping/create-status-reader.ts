import type { TransactionStatus } from '@assay/detectors'

import type { FieldReader } from './field-reader.ts'
import { findColumn } from './find-column.ts'
import type { Mapping } from './mapping.ts'

/** Makes the reader of where a transaction stands. A value that the mapping does not list is a fault. */
export function createStatusReader(
  status: Mapping['status'],
  header: readonly string[],
): FieldReader<TransactionStatus> {
  if ('constant' in status) return () => status.constant
  const column = findColumn(header, status.column)
  const statuses = new Map(Object.entries(status.values))
  return (cells) =>
    statuses.get(column.cellOf(cells)) ?? { kind: 'unknown status', detail: column.name }
}
